using FopWatch.Watching;

namespace FopWatch.Providers.Qiniu;

/// <summary>The separate, signed query for V3 workflows (providers.md, section 1).</summary>
internal sealed class QiniuWorkflowQuery(QiniuProvider tasks) : IWorkflowQuery
{
    private static readonly Uri Endpoint = new("https://dora.qiniuapi.com");

    public string ContentType => "application/x-www-form-urlencoded";

    /// <summary>Qiniu's endpoint, but only for Qiniu's own hosts: ids are secrets, and those of a compatible server must not be sent to Qiniu.</summary>
    public Uri? DefaultEndpoint(Uri statusEndpoint) => IsQiniu(statusEndpoint.IdnHost) ? Endpoint : null;

    public Uri StatusUri(Uri endpoint, string id) =>
        new($"{endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v3/task/status/{Uri.EscapeDataString(id)}");

    public string Authorize(Uri uri, string accessKey, byte[] secretKey)
    {
        var signature = QiniuSignature.Sign(secretKey, "GET", uri.PathAndQuery, uri.Authority, ContentType, [], []);

        // The vendor's SDKs keep the padding.
        return $"Qiniu {accessKey}:{Base64Text.UrlSafe(signature)}";
    }

    /// <summary>The answer for an unknown id is not documented. It may be 612, as in the query for tasks, or 404 with the API's own error.</summary>
    public PollAnswer Classify(int status) => status == 404 ? PollAnswer.NotFound : tasks.Classify(status);

    public bool IsUnknownId(int status, ReadOnlyMemory<byte> body) =>
        status != 404 || (JsonBody.Read(body, out _) is { } json && json.Root.Text("error") is not null);

    private static bool IsQiniu(string host) =>
        host is "qiniu.com" or "qiniuapi.com"
        || host.EndsWith(".qiniu.com", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".qiniuapi.com", StringComparison.OrdinalIgnoreCase);
}
