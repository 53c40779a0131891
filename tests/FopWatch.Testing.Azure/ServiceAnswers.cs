using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Azure.Core.Pipeline;

namespace FopWatch.Testing;

/// <summary>
/// Azurite's answers in the form of the Table service, which names an error only in the body, and reports a temporarily refused part of a transaction
/// as an answer within a 202.
/// </summary>
public sealed partial class ServiceAnswers : DelegatingHandler
{
    private const string ErrorCode = "x-ms-error-code";

    private ServiceAnswers(HttpMessageHandler inner)
        : base(inner)
    {
    }

    /// <summary>Sends requests through these handlers, the last of which is closest to the service.</summary>
    public static HttpPipelineTransport Transport(DelegatingHandler? before = null)
    {
        HttpMessageHandler handler = new ServiceAnswers(new SocketsHttpHandler());
        if (before is not null)
        {
            before.InnerHandler = handler;
            handler = before;
        }

        return new HttpClientTransport(new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan });
    }

    /// <summary>The service refuses a request temporarily.</summary>
    public static HttpResponseMessage Refusal(bool isTransaction, HttpStatusCode status, string code)
    {
        const string Type = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8";
        var message = isTransaction ? "0:Not now." : "Not now.";
        var error = $$$$"""{"odata.error":{"code":"{{{{code}}}}","message":{"lang":"en-US","value":"{{{{message}}}}"}}}""";
        if (!isTransaction)
            return new(status) { Content = Content(error, Type) };

        var parts = $"""
            --batchresponse_1
            Content-Type: multipart/mixed; boundary=changesetresponse_1

            --changesetresponse_1
            Content-Type: application/http
            Content-Transfer-Encoding: binary

            HTTP/1.1 {(int)status} {status}
            X-Content-Type-Options: nosniff
            DataServiceVersion: 3.0;
            Content-Type: {Type}

            {error}
            --changesetresponse_1--
            --batchresponse_1--

            """;
        return new(HttpStatusCode.Accepted) { Content = Content(parts.ReplaceLineEndings("\r\n"), "multipart/mixed; boundary=batchresponse_1") };
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        answer.Headers.Remove(ErrorCode);
        if (answer.Content.Headers.ContentType?.MediaType != "multipart/mixed")
            return answer;

        var type = answer.Content.Headers.ContentType.ToString();
        var parts = await answer.Content.ReadAsStringAsync(cancellationToken);
        answer.Content = Content(ErrorCodeLine().Replace(parts, ""), type);
        return answer;
    }

    private static ByteArrayContent Content(string text, string type)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return content;
    }

    [GeneratedRegex(ErrorCode + ":[^\n]*\n", RegexOptions.IgnoreCase)]
    private static partial Regex ErrorCodeLine();
}
