using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace FopWatch.Functions.Tests.Running;

/// <summary>The fate of requests to a table service.</summary>
internal enum TableFault
{
    /// <summary>They are answered.</summary>
    None,

    /// <summary>They are answered 503.</summary>
    Refuses,

    /// <summary>They are not answered.</summary>
    Silent,
}

/// <summary>The table service of an Azurite, with faults on demand.</summary>
internal sealed class FaultyTables : IAsyncDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly WebApplication _web;
    private readonly Uri _service;
    private readonly string? _table;
    private volatile TableFault _fault;

    private FaultyTables(Uri service, TableFault fault, string? table)
    {
        (_service, _fault, _table) = (service, fault, table);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddLogging();
        _web = builder.Build();
        _web.Run(AnswerAsync);
    }

    /// <summary>The Azurite's connection string, through this proxy.</summary>
    public string ConnectionString { get; private set; } = "";

    public TableFault Fault
    {
        set => _fault = value;
    }

    /// <param name="azurite">The service.</param>
    /// <param name="fault">The fault.</param>
    /// <param name="table">The table with the fault; null for all of them.</param>
    public static async Task<FaultyTables> StartAsync(Azurite azurite, TableFault fault, string? table = null)
    {
        var parts = azurite.ConnectionString.Split(';', StringSplitOptions.RemoveEmptyEntries);
        const string Endpoint = "TableEndpoint=";
        var service = new Uri(parts.Single(part => part.StartsWith(Endpoint, StringComparison.Ordinal))[Endpoint.Length..]);
        var faulty = new FaultyTables(service, fault, table);
        await faulty._web.StartAsync();
        faulty.ConnectionString = string.Join(
            ';', parts.Select(part => part.StartsWith(Endpoint, StringComparison.Ordinal) ? $"{Endpoint}{faulty._web.Urls.Single()}{service.AbsolutePath}" : part));
        return faulty;
    }

    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        _http.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var fails = _table is null || context.Request.Path.Value!.Contains(_table, StringComparison.Ordinal);
        switch (fails ? _fault : TableFault.None)
        {
            case TableFault.Refuses:
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            case TableFault.Silent:
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
                context.Abort();
                return;
        }

        var target = $"{_service.GetLeftPart(UriPartial.Authority)}{context.Request.Path.ToUriComponent()}{context.Request.QueryString}";
        using var request = new HttpRequestMessage(new(context.Request.Method), target);
        if (context.Request.ContentLength > 0 || context.Request.Headers.TransferEncoding.Count > 0)
            request.Content = new StreamContent(context.Request.Body);
        foreach (var (name, values) in context.Request.Headers.Where(header => header.Key is not ("Host" or "Transfer-Encoding")))
        {
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key is not ("Transfer-Encoding" or "Connection" or "Keep-Alive")))
            context.Response.Headers[name] = new StringValues([.. values]);
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
