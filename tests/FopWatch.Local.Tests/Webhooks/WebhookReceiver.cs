using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Local.Tests.Webhooks;

/// <summary>A request that arrived at a receiver.</summary>
/// <param name="Id">Its <c>webhook-id</c>.</param>
/// <param name="IsGenuine">Whether its timestamp and its signature with the receiver's secret are valid.</param>
/// <param name="Signatures">Its <c>webhook-signature</c>.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Body">Its body.</param>
internal sealed record ReceivedWebhook(string Id, bool IsGenuine, string Signatures, string ContentType, byte[] Body);

/// <summary>
/// A receiver of webhooks on a free loopback port. It verifies requests by the text of Standard Webhooks 1.0 and shares no code with the sender.
/// </summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly byte[] _secret;
    private readonly Lock _lock = new();
    private readonly List<ReceivedWebhook> _received = [];

    private WebhookReceiver(WebApplication web, byte[] secret) => (_web, _secret) = (web, secret);

    public Uri Url => new(new Uri(_web.Urls.Single()), "/hook");

    /// <summary>The requests in order of arrival.</summary>
    public IReadOnlyList<ReceivedWebhook> Received
    {
        get
        {
            lock (_lock)
                return [.. _received];
        }
    }

    /// <summary>Answers a request; 204 if null.</summary>
    public Func<HttpContext, string, Task>? Answer { get; set; }

    public static string Secret(byte value) => "whsec_" + Convert.ToBase64String(Enumerable.Repeat(value, 32).ToArray());

    /// <summary>Starts a receiver with the secret of a setting.</summary>
    public static async Task<WebhookReceiver> StartAsync(string secret)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var web = builder.Build();
        var receiver = new WebhookReceiver(web, Convert.FromBase64String(secret["whsec_".Length..]));
        web.Run(receiver.ReceiveAsync);
        await web.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    /// <summary>Settings of a webhook that sends to this receiver.</summary>
    public Dictionary<string, string?> Settings(string name, string secrets) => new()
    {
        [$"Webhooks:{name}:Url"] = Url.AbsoluteUri,
        [$"Webhooks:{name}:Secret"] = secrets,
        [$"Webhooks:{name}:AllowPrivate"] = "true",
    };

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var copy = new MemoryStream();
        await context.Request.Body.CopyToAsync(copy);
        var (headers, body) = (context.Request.Headers, copy.ToArray());
        var id = headers["webhook-id"].ToString();
        lock (_lock)
        {
            _received.Add(new(
                id,
                HttpMethods.IsPost(context.Request.Method) && IsGenuine(id, headers["webhook-timestamp"].ToString(), headers["webhook-signature"].ToString(), body),
                headers["webhook-signature"].ToString(),
                context.Request.ContentType ?? "",
                body));
        }

        if (Answer is { } answer)
            await answer(context, id);
        else
            context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private bool IsGenuine(string id, string timestamp, string signatures, byte[] body)
    {
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds) > 300)
            return false;
        byte[] content = [.. Encoding.UTF8.GetBytes(id + "." + timestamp + "."), .. body];
        var expected = Encoding.ASCII.GetBytes(Convert.ToBase64String(HMACSHA256.HashData(_secret, content)));
        return signatures.Split(' ').Any(one =>
            one.StartsWith("v1,", StringComparison.Ordinal) && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(one[3..]), expected));
    }
}
