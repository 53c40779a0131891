using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Overviews;
using FopWatch.PollLimits;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Running;
using FopWatch.Settings;
using FopWatch.Statistics;
using FopWatch.Upkeep;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>Registers the core over a store.</summary>
public static class CoreServices
{
    /// <summary>
    /// Adds the core. The host adds what differs between hosts: <see cref="IWatchRunner"/>, <see cref="ICommittedEvents"/>,
    /// <see cref="PollSlotOptions"/>, <see cref="IEventPublisher"/> and <see cref="OutboxDispatcher"/> if it publishes events, and
    /// <see cref="IPollShares"/> if several processes poll the same sources.
    /// </summary>
    /// <typeparam name="TStore">The store: one for all data that is committed together.</typeparam>
    /// <param name="services">The container.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="store">The store. The container does not dispose of it, because requests may still be in progress then.</param>
    /// <param name="time">The clock.</param>
    /// <param name="statusTimeout">The timeout of a request to a status API; null for the default.</param>
    /// <param name="statusConnections">The maximum of concurrent connections to each status API.</param>
    public static IServiceCollection AddFopWatchCore<TStore>(
        this IServiceCollection services, FopWatchSettings settings, TStore store, TimeProvider time, TimeSpan? statusTimeout = null,
        int statusConnections = StatusClient.MostConnections)
        where TStore : class, IStore
    {
        ArgumentNullException.ThrowIfNull(settings);
        services.AddSingleton(store);
        services.AddSingleton(store.Jobs);
        services.AddSingleton(store.Jobs.References);
        services.AddSingleton(store.Due);
        services.AddSingleton(store.Outbox);
        services.AddSingleton(store.Quarantine);
        services.AddSingleton(store.Statistics);
        return services.AddCore(settings, time, statusTimeout, statusConnections, ServiceLifetime.Singleton);
    }

    /// <summary>
    /// Adds the core over a store that is opened later. Services that need the store must not be resolved before. Services that commit are scoped,
    /// because the watch runner may be.
    /// </summary>
    /// <typeparam name="TStore">As above.</typeparam>
    /// <param name="services">The container.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="store">The open store. The container disposes of it.</param>
    /// <param name="time">The clock.</param>
    public static IServiceCollection AddFopWatchCore<TStore>(
        this IServiceCollection services, FopWatchSettings settings, Func<IServiceProvider, TStore> store, TimeProvider time)
        where TStore : class, IStore
    {
        ArgumentNullException.ThrowIfNull(settings);
        services.AddSingleton(store);
        services.AddSingleton(provider => store(provider).Jobs);
        services.AddSingleton(provider => store(provider).Jobs.References);
        services.AddSingleton(provider => store(provider).Due);
        services.AddSingleton(provider => store(provider).Outbox);
        services.AddSingleton(provider => store(provider).Quarantine);
        services.AddSingleton(provider => store(provider).Statistics);
        return services.AddCore(settings, time, statusTimeout: null, StatusClient.MostConnections, ServiceLifetime.Scoped);
    }

    /// <summary>Has typed results use the options of <see cref="ApiJson.Wire"/>.</summary>
    public static IServiceCollection AddApiJson(this IServiceCollection services) => services.ConfigureHttpJsonOptions(json =>
    {
        var (options, wire) = (json.SerializerOptions, ApiJson.Wire.Options);
        options.TypeInfoResolver = ApiJson.Wire;
        (options.Encoder, options.DefaultIgnoreCondition, options.NumberHandling) = (wire.Encoder, wire.DefaultIgnoreCondition, wire.NumberHandling);
        foreach (var converter in wire.Converters.Except(options.Converters))
            options.Converters.Add(converter);
    });

    /// <summary>Adds a class of the core that takes an <see cref="ILogger"/>. Its category is the class.</summary>
    /// <typeparam name="T">The class.</typeparam>
    /// <param name="services">The container.</param>
    /// <param name="lifetime">The lifetime.</param>
    public static IServiceCollection AddWithLogger<T>(this IServiceCollection services, ServiceLifetime lifetime = ServiceLifetime.Singleton)
        where T : class
    {
        var make = ActivatorUtilities.CreateFactory<T>([typeof(ILogger)]);
        services.Add(new(typeof(T), provider => make(provider, [provider.GetRequiredService<ILogger<T>>()]), lifetime));
        return services;
    }

    private static IServiceCollection AddCore(
        this IServiceCollection services, FopWatchSettings settings, TimeProvider time, TimeSpan? statusTimeout, int statusConnections, ServiceLifetime committing)
    {
        services.AddSingleton(settings);
        services.AddSingleton(settings.Sources);
        services.AddSingleton(time);
        services.AddSingleton(Random.Shared);
        services.AddMetrics();
        services.AddSingleton<LearnedPlans>();
        services.AddSingleton<StatisticsCollector>();
        services.AddSingleton<FopWatchMetrics>();
        services.AddWithLogger<PlanReader>();
        services.AddSingleton<OverviewReader>();
        services.AddSingleton<PlanReportReader>();
        services.AddWithLogger<StatisticsLoop>();
        services.AddApiJson();

        services.AddSingleton(provider => new Admission(time, provider.GetRequiredService<ILogger<Admission>>()));
        services.AddSingleton<BodyMemory>();
        services.AddSingleton<DecodeTurns>();
        services.AddSingleton<IDecodeTurns>(provider => provider.GetRequiredService<DecodeTurns>());
        services.AddSingleton<IOperatorLog, OperatorLog>();
        services.AddSingleton<Troubles>();
        services.AddSingleton<Failures>();

        // Callers wait in real time, whatever the host's clock is.
        services.AddSingleton(provider => new OutcomeWaiters(
            provider.GetRequiredService<IJobStore>(), TimeProvider.System, provider.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None));
        services.AddSingleton<IWorkScheduler, ThreadPoolWork>();
        services.AddSingleton<PollSlots>();
        services.AddSingleton(provider => new IntakeLimits(provider.GetRequiredService<IQuarantine>(), provider.GetRequiredService<IDueIndex>(), time));
        services.AddSingleton<ClockSkewTurns>();

        // Services that commit, with the observer that informs the watch of a job.
        services.Add(new(typeof(ICommitObserver), typeof(CommitObserver), committing));
        foreach (var type in (Type[])[typeof(JobRecorder), typeof(NotificationIntake), typeof(Poller), typeof(ClockSkewRepair), typeof(Sweeper), typeof(BulkChanges)])
            services.Add(new(type, type, committing));
        services.AddWithLogger<PollStep>(committing);

        var asking = new StatusClientOptions { MaxAnswerLength = settings.MaxAnswerBytes };
        if (statusTimeout is { } timeout)
            asking = asking with { Timeout = timeout };
        services.AddSingleton<IStatusApi>(provider => provider.GetRequiredService<StatusClient>());
        services.AddSingleton(provider =>
        {
            var logger = provider.GetRequiredService<ILogger<StatusClient>>();
            var options = asking with { KeysNeeded = source => logger.KeysNeeded(source.Name) };
            return new StatusClient(
                StatusClient.CreateHttp(statusConnections), time, options, provider.GetService<IPollShares>(), provider.GetRequiredService<IDecodeTurns>(), settings.Sources);
        });
        return services.AddDoctor(settings, committing);
    }

    /// <summary>Adds the doctor and the checks of both hosts. Each host adds its own.</summary>
    private static IServiceCollection AddDoctor(this IServiceCollection services, FopWatchSettings settings, ServiceLifetime lifetime)
    {
        services.AddSingleton<NotifyProbes>();
        services.AddSingleton(new DoctorLimits());
        services.AddSingleton<DoctorTurn>();
        services.AddWithLogger<Doctor>(lifetime);
        services.AddSingleton<IDoctorCheck>(provider => new SettingsCheck(settings) { Listening = provider.GetService<ListeningAddress>()?.Url });
        services.AddSingleton<IDoctorCheck, StatusApiCheck>();
        services.AddSingleton<IDoctorCheck>(provider =>
            new NotifyUrlCheck(settings, provider.GetRequiredService<NotifyProbes>(), NotifyUrlCheck.CreateHttp(settings.PublicUrl)));
        services.AddSingleton<IDoctorCheck, TrafficCheck>();
        return services;
    }
}
