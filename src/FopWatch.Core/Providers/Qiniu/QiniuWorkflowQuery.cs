using FopWatch.Watching;

namespace FopWatch.Providers.Qiniu;

/// <summary>Asks about workflows V3, which have a signed query of their own (providers.md, section 1).</summary>
internal sealed class QiniuWorkflowQuery(QiniuProvider tasks) : IWorkflowQuery
{
    private static readonly Uri Endpoint = new("https://dora.qiniuapi.com");

    public string ContentType => "application/x-www-form-urlencoded";

    /// <summary>Ids are secrets: those of a server that only speaks Qiniu's API are none of Qiniu's business.</summary>
    public Uri? DefaultEndpoint(Uri statusEndpoint) => IsQiniu(statusEndpoint.IdnHost) ? Endpoint : null;

    public Uri StatusUri(Uri endpoint, string id) =>
        new($"{endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v3/task/status/{Uri.EscapeDataString(id)}");

    public string Authorize(Uri uri, string accessKey, byte[] secretKey)
    {
        var signature = QiniuSignature.Sign(secretKey, "GET", uri.PathAndQuery, uri.Authority, ContentType, [], []);

        // The vendor's SDKs keep the padding.
        return $"Qiniu {accessKey}:{Base64Text.UrlSafe(signature)}";
    }

    /// <summary>How it answers for an unknown id is not documented: 612, as the query of tasks does, or 404 with the API's own error.</summary>
    public PollAnswer Classify(int status) => status == 404 ? PollAnswer.NotFound : tasks.Classify(status);

    public bool IsUnknownId(int status, ReadOnlyMemory<byte> body) =>
        status != 404 || (JsonBody.Read(body, out _) is { } json && json.Root.Text("error") is not null);

    private static bool IsQiniu(string host) =>
        host is "qiniu.com" or "qiniuapi.com"
        || host.EndsWith(".qiniu.com", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".qiniuapi.com", StringComparison.OrdinalIgnoreCase);
}
