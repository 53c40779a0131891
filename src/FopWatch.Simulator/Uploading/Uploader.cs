using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace FopWatch.Simulator;

/// <summary>Sends callbacks after uploads.</summary>
internal sealed class Uploader(SimulatorOptions options) : IDisposable
{
    /// <summary>The status of an upload whose file is stored but whose callback failed (providers.md, section 1).</summary>
    private const int CallbackFailed = 579;

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ActivityHeadersPropagator = null })
    {
        Timeout = options.RequestTimeout,
    };

    /// <summary>Calls the URLs of a policy in turn until one accepts the callback.</summary>
    public async Task<UploadAnswer> CallBackAsync(UploadPolicy policy, Upload upload, string? persistentId, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(CallbackBody.Filled(policy, upload, persistentId));
        foreach (var url in policy.CallbackUrl.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (await TryAsync(new(url), policy, body, cancellationToken) is { } answer)
                return new(200, answer);
        }

        return new(CallbackFailed, """{"error":"callback failed"}""");
    }

    public void Dispose() => _client.Dispose();

    /// <returns>The JSON of a 200 answer; null for any other answer.</returns>
    private async Task<string?> TryAsync(Uri url, UploadPolicy policy, byte[] body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(policy.CallbackBodyType);
        if (options.QiniuKeys is [var key, ..] && policy.Signing is SigningScheme.QBox or SigningScheme.Qiniu)
        {
            request.Headers.TryAddWithoutValidation("Authorization", policy.Signing == SigningScheme.QBox
                ? Signer.QBox(key.AccessKey, key.SecretKey, url, policy.CallbackBodyType, body)
                : Signer.Qiniu(key.AccessKey, key.SecretKey, url, policy.CallbackBodyType, body));
        }

        try
        {
            using var response = await _client.SendAsync(request, cancellationToken);
            var answer = await response.Content.ReadAsStringAsync(cancellationToken);
            return (int)response.StatusCode == 200 && response.Content.Headers.ContentType?.MediaType == "application/json" && IsJson(answer) ? answer : null;
        }
        catch (Exception e) when (e is HttpRequestException or SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
