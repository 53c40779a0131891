using Azure.Identity;
using FopWatch.Api;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Clocks;
using FopWatch.Cloud;
using FopWatch.Diagnosis;
using FopWatch.Functions.Examining;
using FopWatch.Functions.Http;
using FopWatch.Functions.Publishing;
using FopWatch.Functions.Starting;
using FopWatch.Functions.Upkeep;
using FopWatch.Functions.Watching;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Publishing;
using FopWatch.Running;
using FopWatch.Settings;
using FopWatch.Statistics;
using FopWatch.Upkeep;
using FopWatch.Watching;
using FopWatch.Wording;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions;

/// <summary>Composes the core, the Azure adapters and the functions.</summary>
internal static class Composition
{
    /// <summary>
    /// The maximum of waiting calls per instance. Flex Consumption counts a waiting call as load and adds instances for it, so the number is small
    /// compared with an instance's concurrent requests (<c>perInstanceConcurrency</c>).
    /// </summary>
    public const int MostWaiting = 16;

    /// <summary>The number of lists that an instance makes concurrently. They mostly wait for Table Storage, so there are more than processors.</summary>
    public const int ListTurns = 4;

    /// <summary>
    /// At level Information, the frameworks log paths of requests, which contain notify tokens and ids, and instance ids of watches. The levels of
    /// host.json do not apply to the worker's telemetry.
    /// </summary>
    public static ILoggingBuilder KeepIdsOut(this ILoggingBuilder logging) => logging
        .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
        .AddFilter("Microsoft.DurableTask", LogLevel.Warning)
        .AddFilter("System.Net.Http", LogLevel.Warning)
        .AddFilter("Azure", LogLevel.Warning);

    /// <summary>The app.</summary>
    /// <exception cref="SettingsException">A setting is invalid.</exception>
    public static IHost Build(string[] args)
    {
        var time = new SteadyTime(TimeProvider.System);
        var readiness = new Readiness(time);
        var builder = Builder(args, readiness);

        // One credential for all clients, because it caches its tokens. In Azure, AZURE_CLIENT_ID names the identity.
        var credential = new DefaultAzureCredential();
        var settings = CloudSettings.Read(builder.Configuration, credential, time);
        builder.Services.AddSingleton(_ => new OpenStore(settings, readiness, time));
        builder.Services.AddHostedService(provider => provider.GetRequiredService<OpenStore>());
        builder.Services.AddFopWatch(settings, provider => provider.GetRequiredService<OpenStore>().Store, time);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton<IDoctorCheck>(new ClockCheck(time));
        builder.Services.AddTelemetryExport(builder.Configuration, credential);
        return builder.Build();
    }

    /// <summary>
    /// The substitute for an app that cannot be built or started. It answers every call 503 and reports why. If the worker ended instead, the Functions
    /// host would answer 404.
    /// </summary>
    public static IHost BuildInItsPlace(string[] args, Exception failure)
    {
        var readiness = new Readiness(TimeProvider.System);
        readiness.NotReady(ObstaclesOf(failure));
        var builder = Builder(args, readiness);
        builder.Services.AddApiJson();
        return builder.Build();
    }

    /// <summary>The obstacles to report for a failure. A setting's problem begins with its name. The message of an unknown exception may contain a secret.</summary>
    public static IReadOnlyList<ProblemElement> ObstaclesOf(Exception failure) => failure is SettingsException { Problems: { Count: > 0 } problems }
        ? [.. problems.Select(problem => new ProblemElement(problem.Split(' ', 2)[0], Sentence.Verbatim(problem)))]
        : [new("app", $"The app cannot start: {failure.GetType().Name} in {failure.TargetSite?.DeclaringType?.FullName ?? "an unknown type"}.")];

    private static FunctionsApplicationBuilder Builder(string[] args, Readiness readiness)
    {
        var builder = FunctionsApplication.CreateBuilder(args);
        builder.UseMiddleware<MatchForwardedRequest>();
        builder.ConfigureFunctionsWebApplication();
        builder.UseMiddleware<RefuseUntilReady>();
        builder.UseMiddleware<BindDurableClient>();
        builder.Services.AddSingleton<ForwardedRequests>();
        builder.Services.AddSingleton<IStartupFilter>(provider => provider.GetRequiredService<ForwardedRequests>());
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(readiness);
        builder.Logging.KeepIdsOut();

        // The handlers count the bytes that they read, and answer 413 themselves.
        // Only the Functions host connects.
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MaxRequestBufferSize = 64 * 1024;
        });
        return builder;
    }

    /// <summary>Adds the services of the functions. The store may be opened later, before a service that needs it is resolved.</summary>
    public static void AddFopWatch(this IServiceCollection services, CloudSettings settings, Func<IServiceProvider, TableStore> store, TimeProvider time)
    {
        services.AddFopWatchCore(settings.Shared, store, time);
        services.AddSingleton(provider => new Admission(time, provider.GetRequiredService<ILogger<Admission>>(), MostWaiting, ListTurns));
        services.AddSingleton(provider => new StartNotice(settings, provider.GetRequiredService<ILogger<StartNotice>>()));
        if (settings.ServiceBus is { } bus)
        {
            services.AddSingleton(_ => new ServiceBusPublisher(
                bus, new() { TopicName = settings.Topic, ApiUrl = settings.ApiUrl }));
            services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<ServiceBusPublisher>());
            services.AddSingleton<OutboxDispatcher>();

            // The publisher of events needs the store, which is opened later.
            services.AddHostedService(provider => new OpenBus(
                provider.GetRequiredService<ServiceBusPublisher>(), new(provider.GetRequiredService<PromptPublisher>), time));
        }

        services.AddSingleton<IPollShares>(provider => new PollShares(store(provider).PollLeases, time, Guid.NewGuid().ToString("N")[..12]));
        services.AddSingleton(PollSlotOptions.Cloud);
        services.AddHostedService(provider => new KeepStatistics(provider.GetRequiredService<StatisticsLoop>, time));
        services.AddSingleton<StuckWatches>();
        services.AddWithLogger<HubCalls>();
        services.AddRoutingCore();
        services.AddSingleton<HttpPipeline>();
        services.AddSingleton<IAccessGuard, FunctionKeys>();
        services.AddSingleton(new HostProfile(HostKind.Cloud, Events: null));
        services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<SilentTimers>());
        services.AddSingleton(provider => store(provider).TimerRuns);
        services.AddSingleton<TimerRuns>();
        services.AddSingleton<SilentTimers>();
        services.AddSingleton<IPurgeMarks>(provider => store(provider).PurgeMarks);
        services.AddWithLogger<RetentionPurge>();
        services.AddSingleton(provider => new PromptPublisher(
            provider.GetRequiredService<IOutbox>(), provider.GetService<OutboxDispatcher>(), provider.GetRequiredService<IWorkScheduler>(),
            provider.GetRequiredService<ILogger<PromptPublisher>>(), time));
        services.AddSingleton<ICommittedEvents>(provider => provider.GetRequiredService<PromptPublisher>());

        services.AddSingleton<IDoctorCheck>(provider => new TablesCheck(() => store(provider)));
        services.AddSingleton<IDoctorCheck>(provider => new ServiceBusCheck(provider.GetService<ServiceBusPublisher>(), settings.Topic));

        // Scoped to the invocation, which provides the client of the task hub.
        services.AddScoped<InvocationClient>();
        services.AddScoped<IDoctorCheck, TaskHubCheck>();
        services.AddScoped<IWatchRunner>(provider => WatchesOf(provider, provider.GetRequiredService<HubCalls>().TryAtOnceAsync));
        services.AddScoped(provider => ActivatorUtilities.CreateInstance<WatchStarter>(
            provider, WatchesOf(provider, provider.GetRequiredService<HubCalls>().TryAsync), provider.GetRequiredService<ILogger<WatchStarter>>()));
        services.AddScoped<SweepJobs>();
        services.AddScoped<Purge>();

        DurableWatchRunner WatchesOf(IServiceProvider provider, HubCall call) =>
            new(provider.GetRequiredService<InvocationClient>(), call, provider.GetRequiredService<JobReferences>(), time);
    }
}
