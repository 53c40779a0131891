using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Functions;
using FopWatch.Functions.Publishing;
using FopWatch.Functions.Upkeep;
using FopWatch.Functions.Watching;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Watching;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();

CloudSettings settings;
try
{
    settings = CloudSettings.Read(builder.Configuration);
}
catch (SettingsException e)
{
    // The Functions host shows what a worker says before it ends.
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}

var store = await Composition.OpenStoreAsync(settings, TimeProvider.System, CancellationToken.None);
builder.Services.AddFopWatch(settings, store, TimeProvider.System);

// The handlers count what they read, and answer 413 themselves.
builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxRequestBodySize = null);

var app = builder.Build();
var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("FopWatch");
logger.Running(settings.Shared.Sources.All.Count, settings.ServiceBus?.Host ?? "nothing");
if (settings.Shared.Sources.All.Count == 0)
    logger.NoSources();
if (settings.ServiceBus is null)
    logger.NoServiceBus();
await app.RunAsync();
return 0;

namespace FopWatch.Functions
{
    /// <summary>Puts the core, the Azure adapters and the functions together.</summary>
    internal static class Composition
    {
        private const int OpenTries = 10;

        private static readonly TimeSpan OpenPause = TimeSpan.FromSeconds(2);

        /// <summary>Opens the store, with some patience: a storage account and an app often come up together.</summary>
        public static async Task<TableStore> OpenStoreAsync(CloudSettings settings, TimeProvider time, CancellationToken cancellationToken)
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    return await TableStore.CreateAsync(settings.Tables, settings.Table, time, cancellationToken);
                }
                catch (StoreUnavailableException e) when (tries < OpenTries)
                {
                    await Console.Error.WriteLineAsync($"The store cannot answer yet: {e.Message}");
                    await Task.Delay(OpenPause, time, cancellationToken);
                }
            }
        }

        /// <summary>Adds everything that the functions need.</summary>
        public static void AddFopWatch(this IServiceCollection services, CloudSettings settings, TableStore store, TimeProvider time)
        {
            services.AddSingleton(new Retention(settings.Retention));
            services.AddSingleton(settings.Shared);
            services.AddSingleton(settings.Shared.Sources);
            services.AddSingleton(time);
            services.AddSingleton(Random.Shared);

            services.AddSingleton(store);
            services.AddSingleton<IJobStore>(store);
            services.AddSingleton<IDueIndex>(store);
            services.AddSingleton<IOutbox>(store);
            services.AddSingleton<IQuarantine>(store);

            if (settings.ServiceBus is { } bus)
            {
                services.AddSingleton<IEventPublisher>(_ => new ServiceBusPublisher(
                    bus, new() { TopicName = settings.Topic, PublicUrl = settings.Shared.PublicUrl }));
            }

            services.AddSingleton<Watches>();
            services.AddSingleton<IWatcher>(provider => provider.GetRequiredService<Watches>());
            services.AddSingleton(provider => new Outbox(
                provider.GetRequiredService<IOutbox>(),
                provider.GetService<IEventPublisher>(),
                time,
                provider.GetRequiredService<ILogger<Outbox>>()));
            services.AddSingleton<IOutboxSignal>(provider => provider.GetRequiredService<Outbox>());
            services.AddSingleton<Settlements>();
            services.AddSingleton<JobRecorder>();
            services.AddSingleton<NotificationIntake>();
            services.AddSingleton<Poller>();
            services.AddSingleton<Sweeper>();
            services.AddSingleton<IStatusApi>(new StatusClient(StatusClient.CreateHttp(), time));
        }
    }
}
