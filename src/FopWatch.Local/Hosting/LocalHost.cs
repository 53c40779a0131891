using FopWatch.Api;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Local.Storage;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace FopWatch.Local.Hosting;

/// <summary>The embedded host: the core, SQLite, and HTTP in one process.</summary>
internal sealed class LocalHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SqliteStore _store;

    private LocalHost(WebApplication app, SqliteStore store)
    {
        (_app, _store) = (app, store);
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        Url = new(addresses.Addresses.First());
    }

    /// <summary>The first address that it listens on.</summary>
    public Uri Url { get; }

    /// <summary>What it is made of.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>The routes that it serves, each as its method and pattern.</summary>
    public IEnumerable<string> Routes => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints
        .OfType<RouteEndpoint>()
        .SelectMany(route => (route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            .Select(method => $"{method} {route.RoutePattern.RawText}"));

    /// <summary>Opens the store and starts to listen and to watch.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logging">Where the log goes; null for nowhere.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<LocalHost> StartAsync(
        HostSettings settings,
        TimeProvider time,
        Action<ILoggingBuilder>? logging,
        CancellationToken cancellationToken)
    {
        var store = await SqliteStore.OpenAsync(settings.Data, time, cancellationToken: cancellationToken);
        try
        {
            var app = Build(settings, store, time, logging);
            try
            {
                await app.StartAsync(cancellationToken);
                var host = new LocalHost(app, store);
                host.LogStart(settings);
                return host;
            }
            catch
            {
                await app.DisposeAsync();
                throw;
            }
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs until the process is asked to stop.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => _app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static WebApplication Build(HostSettings settings, SqliteStore store, TimeProvider time, Action<ILoggingBuilder>? logging)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "fopwatch" });
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // The handlers count what they read, and answer 413 themselves.
            kestrel.Limits.MaxRequestBodySize = null;
        });
        builder.WebHost.UseUrls(settings.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(logging ?? (_ => { }));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        AddCore(builder.Services, settings, store, time);

        var app = builder.Build();
        app.Use(AnswerFailures);
        app.Use(app.Services.GetRequiredService<AccessGuard>().InvokeAsync);
        app.UseRouting();
        MapRoutes(app);
        return app;
    }

    private static void AddCore(IServiceCollection services, HostSettings settings, SqliteStore store, TimeProvider time)
    {
        services.AddSingleton(settings);
        services.AddSingleton(settings.Shared);
        services.AddSingleton(settings.Shared.Sources);
        services.AddSingleton(time);
        services.AddSingleton(Random.Shared);

        // Instances, not factories: the container must not dispose of the store while requests are still being answered.
        services.AddSingleton(store);
        services.AddSingleton<IJobStore>(store);
        services.AddSingleton<IDueIndex>(store);
        services.AddSingleton<IOutbox>(store);
        services.AddSingleton<IQuarantine>(store);
        services.AddSingleton(store.Events);
        services.AddSingleton<IEventPublisher>(store.Events);

        services.AddSingleton<DueSignals>();
        services.AddSingleton<IWatcher>(provider => provider.GetRequiredService<DueSignals>());
        services.AddSingleton<OutboxSignal>();
        services.AddSingleton<IOutboxSignal>(provider => provider.GetRequiredService<OutboxSignal>());
        services.AddSingleton<Settlements>();
        services.AddSingleton<JobRecorder>();
        services.AddSingleton<NotificationIntake>();
        services.AddSingleton<Poller>();
        services.AddSingleton<OutboxDispatcher>();
        services.AddSingleton<Sweeper>();
        services.AddSingleton<AccessGuard>();
        services.AddSingleton<IStatusApi>(new StatusClient(StatusClient.CreateHttp(), time, new() { Timeout = settings.StatusTimeout }));

        services.AddHostedService<WatchLoops>();
        services.AddHostedService<OutboxLoop>();
        services.AddHostedService<SweepLoop>();
    }

    private static void MapRoutes(WebApplication app)
    {
        app.MapPost("/api/notify/{source}/{token}/{correlation?}", Notify.PostAsync);

        app.MapPost("/api/jobs", JobsApi.RegisterAsync);
        app.MapGet("/api/jobs", JobsApi.ListAsync);
        app.MapGet("/api/jobs/{source}/{id}", JobsApi.GetAsync);
        app.MapPost("/api/jobs/{source}/{id}/poll", JobsApi.PollAsync);
        app.MapPost("/api/jobs/{source}/{id}/republish", JobsApi.RepublishAsync);
        app.MapDelete("/api/jobs/{source}/{id}", JobsApi.StopAsync);

        app.MapGet("/api/quarantine", QuarantineApi.ListAsync);
        app.MapPost("/api/quarantine/retry", QuarantineApi.RetryAllAsync);
        app.MapGet("/api/quarantine/{key}", QuarantineApi.GetAsync);
        app.MapGet("/api/quarantine/{key}/body", QuarantineApi.BodyAsync);
        app.MapPost("/api/quarantine/{key}/retry", QuarantineApi.RetryAsync);
        app.MapDelete("/api/quarantine/{key}", QuarantineApi.DeleteAsync);

        app.MapGet("/events", EventStream.GetAsync);
        app.MapGet("/health/live", HealthApi.Live);
        app.MapGet("/health/ready", HealthApi.ReadyAsync);
        app.MapGet("/openapi.json", HealthApi.OpenApi);
        app.MapFallback("{*path}", NoSuchRoute);
    }

    private static Task NoSuchRoute(HttpContext context) =>
        Problem.NotFound("There is no such route; see /openapi.json.").ExecuteAsync(context);

    private static async Task AnswerFailures(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = e.StatusCode;
        }
        catch (StoreUnavailableException) when (!context.Response.HasStarted)
        {
            await Problem.Unavailable().ExecuteAsync(context);
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            context.RequestServices.GetRequiredService<ILogger<LocalHost>>().RequestFailed(e);
            await Problem.Internal().ExecuteAsync(context);
        }
    }

    private void LogStart(HostSettings settings)
    {
        var logger = Services.GetRequiredService<ILogger<LocalHost>>();
        logger.Serving(Url.AbsoluteUri.TrimEnd('/'), settings.Shared.Sources.All.Count, Path.GetFullPath(settings.Data));
        if (settings.Shared.Sources.All.Count == 0)
            logger.NoSources();
        var publicUrl = (settings.Shared.PublicUrl ?? Url).AbsoluteUri.TrimEnd('/');
        foreach (var source in settings.Shared.Sources.All)
        {
            logger.SourceConfigured(
                source.Name,
                source.Provider.Kind,
                $"{publicUrl}/api/notify/{source.Name}/<token>",
                source.StatusEndpoint.AbsoluteUri);
        }
    }
}
