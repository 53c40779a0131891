using Azure.Identity;
using FopWatch.Api;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Functions;
using FopWatch.Functions.Publishing;
using FopWatch.Functions.Watching;
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
builder.Logging.KeepIdsOut();

// One for all: it caches its tokens. In Azure, AZURE_CLIENT_ID names the identity.
var credential = new DefaultAzureCredential();
CloudSettings settings;
try
{
    settings = CloudSettings.Read(builder.Configuration, credential);
}
catch (SettingsException e)
{
    // The Functions host shows what a worker says before it ends.
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}

var store = await Composition.OpenStoreAsync(settings, TimeProvider.System, CancellationToken.None);
builder.Services.AddFopWatch(settings, store, TimeProvider.System);
builder.Services.AddTelemetryExport(builder.Configuration, credential);

// The handlers count what they read, and answer 413 themselves.
// The Functions host is the only one who connects.
builder.Services.Configure<KestrelServerOptions>(kestrel =>
{
    kestrel.Limits.MaxRequestBodySize = null;
    kestrel.Limits.MaxRequestBufferSize = 64 * 1024;
});

await builder.Build().RunAsync();
return 0;

namespace FopWatch.Functions
{
    /// <summary>Puts the core, the Azure adapters and the functions together.</summary>
    internal static class Composition
    {
        private const int OpenTries = 5;

        /// <summary>
        /// The most calls at once that wait, in each instance. Flex Consumption counts a waiting call as load and adds instances for it, so
        /// it is few of an instance's concurrent requests (<c>perInstanceConcurrency</c>).
        /// </summary>
        public const int MostWaiting = 16;

        /// <summary>How many lists an instance makes at once. Most of that is waiting for Table Storage, so it is more than processors.</summary>
        public const int ListTurns = 4;

        private static readonly TimeSpan OpenPause = TimeSpan.FromSeconds(2);

        /// <summary>
        /// What the frameworks log at Information has the paths of requests, in which notify tokens and ids are, and the instance ids of
        /// watches. It would go to wherever telemetry goes, past the levels of host.json.
        /// </summary>
        public static ILoggingBuilder KeepIdsOut(this ILoggingBuilder logging) => logging
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Microsoft.DurableTask", LogLevel.Warning)
            .AddFilter("System.Net.Http", LogLevel.Warning)
            .AddFilter("Azure", LogLevel.Warning);

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
            services.AddFopWatchCore(settings.Shared, store, time);
            services.AddSingleton(provider => new RequestLimits(
                settings.Shared, time, provider.GetRequiredService<ILogger<RequestLimits>>(), MostWaiting, ListTurns));
            services.AddSingleton(provider => new StartNotice(settings, provider.GetRequiredService<ILogger<StartNotice>>()));
            if (settings.ServiceBus is { } bus)
            {
                services.AddSingleton(_ => new ServiceBusPublisher(
                    bus, new() { TopicName = settings.Topic, ApiUrl = settings.ApiUrl }));
                services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<ServiceBusPublisher>());
                services.AddSingleton<OutboxDispatcher>();
                services.AddHostedService<OpenBus>();
            }

            services.AddSingleton<IPollShares>(new PollShares(store.PollLeases(), time, Guid.NewGuid().ToString("N")[..12]));
            services.AddSingleton<PollSlots>();
            services.AddSingleton<Watches>();
            services.AddSingleton<IWatcher>(provider => provider.GetRequiredService<Watches>());
            services.AddSingleton(provider => new Outbox(
                store,
                provider.GetService<OutboxDispatcher>(),
                time,
                provider.GetRequiredService<ILogger<Outbox>>()));
            services.AddSingleton<IOutboxSignal>(provider => provider.GetRequiredService<Outbox>());
        }
    }
}
