using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.Wording;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Functions.Starting;

/// <summary>Opens the store while the worker connects to the Functions host, and retries until it is open.</summary>
internal sealed class OpenStore(CloudSettings settings, Readiness readiness, TimeProvider time) : BackgroundService
{
    /// <summary>The wait after the first failed attempt. It doubles with each further attempt.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two attempts.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private TableStore? _store;

    /// <summary>The store.</summary>
    /// <exception cref="StoreUnavailableException">It is not open yet.</exception>
    public TableStore Store => Volatile.Read(ref _store) ?? throw new StoreUnavailableException("The store is not open yet.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (pause, last) = (FirstPause, "");
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                Volatile.Write(ref _store, await TableStore.CreateAsync(settings.Tables, settings.Table, time, stoppingToken));
                readiness.Ready();
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                var reason = Reason(e);
                readiness.NotReady([new("store", Sentence.Verbatim(reason))]);

                // The Functions host shows the worker's output, but drops its log outside of invocations.
                if (reason != last)
                    await Console.Error.WriteLineAsync($"The store cannot be opened. {reason}");
                last = reason;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                // Random, so that instances that failed together do not retry together.
                await Task.Delay(pause * (0.75 + (Random.Shared.NextDouble() / 4)), time, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    // The store's own messages name tables, versions and statuses. Other messages may contain secrets.
    private static string Reason(Exception failure) => failure is StoreUnavailableException or InvalidOperationException
        ? failure.Message
        : $"It failed with {failure.GetType().Name}.";
}
