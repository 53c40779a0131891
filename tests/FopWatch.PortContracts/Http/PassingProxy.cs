using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FopWatch.PortContracts.Http;

/// <summary>A reverse proxy in front of a host, used as its <c>FopWatch:PublicUrl</c>. It can change requests, or answer for the host.</summary>
public sealed class PassingProxy : IAsyncDisposable
{
    private readonly WebApplication _web;

    private PassingProxy(WebApplication web) => _web = web;

    public Uri Url => new(_web.Urls.Single());

    public HttpClient? Host { get; set; }

    /// <summary>Changes a request before it is forwarded.</summary>
    public Action<HttpRequestMessage> Change { get; set; } = _ => { };

    /// <summary>Answers for the host; null to forward requests.</summary>
    public RequestDelegate? Answer { get; set; }

    /// <summary>The paths of the received requests.</summary>
    public List<string> Paths { get; } = [];

    public static async Task<PassingProxy> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var web = builder.Build();
        var proxy = new PassingProxy(web);
        web.Run(proxy.PassAsync);
        await web.StartAsync(TestContext.Current.CancellationToken);
        return proxy;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _web.DisposeAsync();

    private async Task PassAsync(HttpContext context)
    {
        lock (Paths)
            Paths.Add(context.Request.Path);
        if (Answer is { } answer)
        {
            await answer(context);
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        using var request = new HttpRequestMessage(new(context.Request.Method), new Uri(context.Request.Path, UriKind.Relative)) { Content = new ByteArrayContent(body.ToArray()) };
        foreach (var (name, value) in context.Request.Headers)
        {
            if (name is "Host" or "Content-Length" or "Connection")
                continue;
            if (!request.Headers.TryAddWithoutValidation(name, value.ToString()))
                request.Content.Headers.TryAddWithoutValidation(name, value.ToString());
        }

        Change(request);
        using var response = await Host!.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
