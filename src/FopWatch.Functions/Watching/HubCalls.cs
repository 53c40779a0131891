using FopWatch.Running;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Watching;

/// <summary>Calls the task hub. Does not throw if the call fails.</summary>
/// <param name="what">The action on a watch, for the log.</param>
/// <param name="act">The call.</param>
internal delegate Task HubCall(string what, Func<CancellationToken, Task> act);

/// <summary>Calls the task hub with time limits. Failed calls are left to the one-minute timer.</summary>
internal sealed class HubCalls(ILogger log, TimeProvider time)
{
    /// <summary>How long the one-minute timer waits for the task hub.</summary>
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a request waits for the task hub. Registrations wait within their turn, so a hanging task hub would otherwise block all of them. Until the
    /// hub has answered once, requests wait as long as the timer, because the first call of a process opens the connection.
    /// </summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    /// <summary>How long requests skip a task hub that timed out: longer than a request that registers jobs takes. The one-minute timer does not skip it.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>The timestamp from which requests may call the task hub again; 0 while it answers.</summary>
    private long _pausedUntil;

    private bool _hasAnswered;

    /// <summary>Calls the hub for the one-minute timer.</summary>
    public Task TryAsync(string what, Func<CancellationToken, Task> act) => TryAsync(what, LongestCall, act);

    /// <summary>Calls the hub for a request. While the hub hangs, one call per pause tries it, and the others leave the watch to the one-minute timer.</summary>
    public async Task TryAtOnceAsync(string what, Func<CancellationToken, Task> act)
    {
        var (now, until) = (time.GetTimestamp(), Volatile.Read(ref _pausedUntil));
        if (until == 0 || (now >= until && Interlocked.CompareExchange(ref _pausedUntil, EndOfPause(now), until) == until))
            await TryAsync(what, Volatile.Read(ref _hasAnswered) ? LongestWait : LongestCall, act);
    }

    private async Task TryAsync(string what, TimeSpan longest, Func<CancellationToken, Task> act)
    {
        // The caller cannot cancel it, because its change is committed.
        using var timeout = new CancellationTokenSource(longest, time);
        try
        {
            await act(timeout.Token);
            Volatile.Write(ref _hasAnswered, true);
            Volatile.Write(ref _pausedUntil, 0);
        }
        catch (Exception e)
        {
            var tookTooLong = timeout.IsCancellationRequested;
            if (tookTooLong)
                Volatile.Write(ref _pausedUntil, EndOfPause(time.GetTimestamp()));
            if (tookTooLong && e is (OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled }))
                log.HubTookTooLong(what, longest.TotalSeconds);
            else
                log.WatchFailed(what, e);
        }
    }

    private long EndOfPause(long now) => now + (long)(Pause.TotalSeconds * time.TimestampFrequency);
}
