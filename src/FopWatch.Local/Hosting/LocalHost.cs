using FopWatch.Api;
using FopWatch.Clocks;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Local.Examining;
using FopWatch.PollLimits;
using FopWatch.Publishing;
using FopWatch.Running;
using FopWatch.Settings;
using FopWatch.Sqlite;
using FopWatch.Upkeep;
using FopWatch.Watching;
using FopWatch.Webhooks;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FopWatch.Local.Hosting;

/// <summary>The embedded host: the core, SQLite, and HTTP in one process.</summary>
internal sealed class LocalHost : IAsyncDisposable
{
    /// <summary>The most concurrent connections. A limit of open files can lower it; see <see cref="OpenFiles"/>.</summary>
    public const int MaxConnections = 2000;

    /// <summary>How long the headers of a request may take to arrive.</summary>
    public static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);

    private readonly WebApplication _app;
    private readonly SqliteStore _store;
    private readonly SettingsReload? _reload;

    private LocalHost(WebApplication app, SqliteStore store)
    {
        // The reload is looked up now: a signal may come while the services are disposed of.
        (_app, _store, _reload) = (app, store, app.Services.GetService<SettingsReload>());
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        Url = new(addresses.Addresses.First());
    }

    /// <summary>The first address that the host listens on.</summary>
    public Uri Url { get; }

    /// <summary>The services of the host.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>The routes of the host, each as method and pattern.</summary>
    public IEnumerable<string> Routes => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints
        .OfType<RouteEndpoint>()
        .SelectMany(route => (route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            .Select(method => $"{method} {route.RoutePattern.RawText}"));

    /// <summary>Opens the store, listens, and watches jobs.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logging">Configures logging; null for no log.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="ListenException">The host cannot listen on its addresses.</exception>
    /// <exception cref="StoreOpenException">The data folder cannot be used.</exception>
    public static async Task<LocalHost> StartAsync(
        HostSettings settings,
        TimeProvider time,
        Action<ILoggingBuilder>? logging,
        CancellationToken cancellationToken)
    {
        // A first start that cannot listen leaves no data folder behind.
        if (DataFolder.HasDatabase(settings.Data) is false)
            ListeningProbe.Check(settings.Urls);
        var steady = new SteadyTime(time);
        var store = await SqliteStore.OpenAsync(settings.Data, steady, new() { IsBroker = true }, cancellationToken);
        try
        {
            if (await store.ClockMarks.ReadTimeAsync(cancellationToken) is { } written)
                steady.StartFrom(written);
            var app = Build(settings, store, steady, logging);
            try
            {
                await PrepareAsync(app.Services.GetRequiredService<WebhookLoops>(), cancellationToken);
                await app.StartAsync(cancellationToken);
                var host = new LocalHost(app, store);
                host.LogStart(settings);
                return host;
            }
            catch (Exception e)
            {
                // Parts that have started use the store.
                await app.StopAsync(CancellationToken.None);
                await app.DisposeAsync();
                if (ListenException.Of(e, settings.Urls) is { } explained)
                    throw explained;
                throw;
            }
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads the settings again now, if they were read.</summary>
    public void Reload() => _reload?.Ask();

    /// <summary>Runs until the process is asked to stop.</summary>
    public async Task WaitForShutdownAsync(CancellationToken cancellationToken)
    {
        await _app.WaitForShutdownAsync(cancellationToken);
        Services.GetRequiredService<ILogger<LocalHost>>().Stopped();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _store.DisposeAsync();
    }

    /// <summary>Gives new webhooks their position before anything is recorded.</summary>
    private static async Task PrepareAsync(WebhookLoops webhooks, CancellationToken cancellationToken)
    {
        try
        {
            await webhooks.PrepareAsync(cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // A full disk must not prevent a start. The loops retry.
        }
    }

    private static WebApplication Build(HostSettings settings, SqliteStore store, SteadyTime time, Action<ILoggingBuilder>? logging)
    {
        var files = OpenFiles.OfThisProcess(settings.Shared.Sources.All.Count);
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "fopwatch" });
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // The handlers count the bytes that they read, and answer 413 themselves.
            kestrel.Limits.MaxRequestBodySize = null;

            // Bounds the memory that strangers can use: the number of connections (ConnectionLimit) times the read-ahead of each. Excess
            // connections are closed at once, and a provider retries. Slow requests and bodies are cut off.
            kestrel.Limits.MaxRequestBufferSize = 64 * 1024;
            kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
            kestrel.Limits.MinRequestBodyDataRate = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.ConfigureEndpointDefaults(endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1;
                var limit = endpoint.ApplicationServices.GetRequiredService<ConnectionLimit>();
                endpoint.Use(next => connection => limit.RunAsync(connection, next));
            });
        });
        if (settings.Keys.IsEmpty)
        {
            builder.Services.RemoveAll<IConnectionListenerFactory>();
            builder.Services.AddSingleton<IConnectionListenerFactory>(services =>
                new LoopbackListeners(ActivatorUtilities.CreateInstance<SocketTransportFactory>(services)));
        }

        builder.WebHost.UseUrls(settings.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(logging ?? (_ => { }));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        AddServices(builder.Services, settings, store, time, files);
        builder.AddTelemetryExport(settings.OpenTelemetry);

        var app = builder.Build();
        app.UseMiddleware<NotifyPaths>();
        app.UseFopWatch(routes =>
        {
            routes.MapEvents();
            routes.MapMetrics();
            routes.MapWebhooks();
            routes.MapGetAndHead("/", DashboardApi.Root).ExcludeFromDescription();
        });
        return app;
    }

    private static void AddServices(IServiceCollection services, HostSettings settings, SqliteStore store, SteadyTime time, OpenFiles files)
    {
        services.AddFopWatchCore(settings.Shared, store, time, settings.StatusTimeout, files.PollConnections);
        services.AddSingleton(files);
        services.AddSingleton(provider => new ConnectionLimit(files, TimeProvider.System, provider.GetRequiredService<ILogger<ConnectionLimit>>()));
        services.AddSingleton(settings);
        services.AddSingleton(time);

        // Registered as an instance, like the store, so that the container does not dispose it.
        services.AddSingleton(store.Events);
        services.AddSingleton<IEventPublisher>(store.Events);
        services.AddSingleton<IEventLog>(store.Events);

        // It spaces writes to save processor time, which is real time even where the host's clock is not.
        services.AddSingleton(provider => new EventTail(store.Events, provider.GetRequiredService<Troubles>(), TimeProvider.System));
        services.AddSingleton<OutboxDispatcher>();

        services.AddSingleton<IPurgeMarks>(store.ClockMarks);
        services.AddSingleton(store.Upkeep);
        services.AddWithLogger<RetentionPurge>();

        services.AddSingleton(new LoopTimes());
        services.AddSingleton(PollSlotOptions.Embedded);
        services.AddSingleton<EmbeddedWatchRunner>();
        services.AddSingleton<IWatchRunner>(provider => provider.GetRequiredService<EmbeddedWatchRunner>());
        services.AddWithLogger<OutboxLoop>();
        services.AddSingleton<ICommittedEvents, EmbeddedEvents>();
        services.AddSingleton(new Replaceable<ApiKeys>(settings.Keys));
        services.AddSingleton<IAccessGuard, AccessGuard>();
        services.AddSingleton(new HostProfile(HostKind.Embedded, EventStream.Path));
        services.AddSingleton<IReadinessCheck, WritableStore>();

        // Resolved after the start, when the host listens.
        services.AddSingleton(provider => new ListeningAddress(
            new(provider.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First())));
        services.AddSingleton<IDoctorCheck>(new ClockCheck(time));
        services.AddSingleton<IDoctorCheck>(new DataFolderCheck(settings.Data, isOfHost: true));
        services.AddSingleton<IDoctorCheck>(new DatabaseCheck(settings.Data, store));
        services.AddSingleton<IDoctorCheck>(new OpenFilesCheck(files, settings.Shared.Sources));
        services.AddSingleton<IDoctorCheck>(provider => new WebhooksCheck(provider.GetRequiredService<ConfiguredWebhooks>(), provider.GetRequiredService<WebhookLoops>()));

        services.AddWithLogger<SweepLoop>();
        services.AddWithLogger<IndexLoop>();
        services.AddSingleton(provider =>
        {
            var logger = provider.GetRequiredService<ILogger<BackgroundLoops>>();
            return new LoopSupervisor(
                provider.GetRequiredService<Troubles>(),
                provider.GetRequiredService<IWorkScheduler>(),
                time,
                failure => logger.LoopFailed(failure.Loop.Name, OperatorLog.Where(failure.Loop.Source), failure.Wait, failure.Exception));
        });
        services.AddSingleton(store.Webhooks);
        services.AddSingleton(new ConfiguredWebhooks(settings.Webhooks));
        services.AddSingleton<WebhookMetrics>();
        services.AddSingleton<Func<Webhook, WebhookSender>>(webhook => new(webhook, time, settings.TransportTime));
        services.AddWithLogger<WebhookLoops>();
        services.AddWithLogger<WatchLoops>();
        services.AddSingleton<EmbeddedLoops>();
        if (settings.ReadFrom is not null)
        {
            services.AddSingleton(provider => ActivatorUtilities.CreateInstance<SettingsReload>(
                provider, () => provider.GetRequiredService<ListeningAddress>().Url, provider.GetRequiredService<ILogger<SettingsReload>>()));
            services.AddSingleton<IDoctorCheck, SettingsFileCheck>();
        }

        services.AddHostedService<BackgroundLoops>();
    }

    private void LogStart(HostSettings settings)
    {
        var logger = Services.GetRequiredService<ILogger<LocalHost>>();
        if (settings.ReadFrom is { Exists: true } read)
            logger.SettingsRead(read.File, read.Variables);
        else if (settings.ReadFrom is { } looked)
            logger.NoSettingsFile(looked.File, looked.Variables);
        foreach (var path in DataFolder.OpenToOthers(settings.Data))
            logger.OpenToOthers(path);
        logger.Serving(Url.AbsoluteUri.TrimEnd('/'), settings.Shared.Sources.All.Count, Path.GetFullPath(settings.Data));
        if (OtlpSettings.Describe(settings.OpenTelemetry.GetValueOrDefault) is { } endpoint)
            logger.Exporting(endpoint);
        var (files, wanted) = (Services.GetRequiredService<OpenFiles>(), OpenFiles.Wanted(settings.Shared.Sources.All.Count));
        if (files is { Limit: { } limit, Connections: < MaxConnections })
            logger.FewDescriptors(limit, files.Connections, wanted);
        if (settings.Shared.Sources.All.Count == 0)
            logger.NoSources();
        foreach (var warning in settings.Shared.Warnings(Url))
            logger.DoubtfulSetting(warning);
        foreach (var source in settings.Shared.Sources.All)
            logger.SourceConfigured(source, settings.Shared, Url);
    }
}
