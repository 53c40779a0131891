using FopWatch.Running;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Watching;

/// <summary>Calls the task hub. Does not fail if that does not work.</summary>
/// <param name="what">What is done to a watch, as the log says it.</param>
/// <param name="act">The call.</param>
internal delegate Task HubCall(string what, Func<CancellationToken, Task> act);

/// <summary>How calls of the task hub go, and how long they are waited for. What does not work is left to the minute timer.</summary>
internal sealed class HubCalls(ILogger log, TimeProvider time)
{
    /// <summary>How long the minute timer waits for the task hub.</summary>
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a request waits for the task hub. Registrations wait inside a turn that they share, so a task hub that hangs would otherwise hold up all
    /// of them. Until it has answered once, they wait as long as the timer does: the first call of a process makes the connection.
    /// </summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    /// <summary>For how long requests do not call a task hub that let one of them wait: longer than a request registers jobs. The minute timer does.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>The timestamp at which requests may call the task hub again; 0 while it answers.</summary>
    private long _pausedUntil;

    private bool _hasAnswered;

    /// <summary>Acts for the minute timer.</summary>
    public Task TryAsync(string what, Func<CancellationToken, Task> act) => TryAsync(what, LongestCall, act);

    /// <summary>Acts for a request, unless the task hub hangs: then one call per pause tries it, and the others leave the watch to the minute timer.</summary>
    public async Task TryAtOnceAsync(string what, Func<CancellationToken, Task> act)
    {
        var (now, until) = (time.GetTimestamp(), Volatile.Read(ref _pausedUntil));
        if (until == 0 || (now >= until && Interlocked.CompareExchange(ref _pausedUntil, EndOfPause(now), until) == until))
            await TryAsync(what, Volatile.Read(ref _hasAnswered) ? LongestWait : LongestCall, act);
    }

    private async Task TryAsync(string what, TimeSpan longest, Func<CancellationToken, Task> act)
    {
        // Not for the caller to cancel: what it did is committed.
        using var timeout = new CancellationTokenSource(longest, time);
        try
        {
            await act(timeout.Token);
            Volatile.Write(ref _hasAnswered, true);
            Volatile.Write(ref _pausedUntil, 0);
        }
        catch (Exception e)
        {
            if (timeout.IsCancellationRequested)
                Volatile.Write(ref _pausedUntil, EndOfPause(time.GetTimestamp()));
            log.WatchFailed(what, e);
        }
    }

    private long EndOfPause(long now) => now + (long)(Pause.TotalSeconds * time.TimestampFrequency);
}
