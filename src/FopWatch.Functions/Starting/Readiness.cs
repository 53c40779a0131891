using FopWatch.Api;

namespace FopWatch.Functions.Starting;

/// <summary>
/// Whether the app has started, and what prevents it. The worker connects to the Functions host before the app has started: without a connection, the
/// Functions host answers notifications 404, after which Qiniu never retries (providers.md, section 1).
/// </summary>
internal sealed class Readiness
{
    /// <summary>
    /// How long after the worker's start calls wait for the first attempt to open the store. The attempt takes less than a second; a refused call would
    /// be retried only after seconds.
    /// </summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly long _since;
    private IReadOnlyList<ProblemElement> _obstacles = [new("store", $"The store is being opened.")];
    private long _logAt;

    public Readiness(TimeProvider time) => (_time, _since, _logAt) = (time, time.GetTimestamp(), time.GetTimestamp());

    /// <summary>What prevents the start; empty once the app has started. Contains no secrets.</summary>
    public IReadOnlyList<ProblemElement> Obstacles => Volatile.Read(ref _obstacles);

    /// <summary>Whether the app has started.</summary>
    public bool IsReady => Obstacles.Count == 0;

    /// <summary>The app has started.</summary>
    public void Ready() => NotReady([]);

    /// <summary>An attempt to start has failed.</summary>
    public void NotReady(IReadOnlyList<ProblemElement> obstacles)
    {
        Volatile.Write(ref _obstacles, obstacles);
        _tried.TrySetResult();
    }

    /// <summary>Whether the app has started. Waits for the first attempt.</summary>
    public async ValueTask<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        if (!_tried.Task.IsCompleted && LongestWait - _time.GetElapsedTime(_since) is { Ticks: > 0 } left)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(_tried.Task, Task.Delay(left, _time, enough.Token));
            await enough.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }

        return IsReady;
    }

    /// <summary>Whether to log the obstacles now: at the first call, then once a minute.</summary>
    public bool IsToBeLogged()
    {
        var (due, now) = (Interlocked.Read(ref _logAt), _time.GetTimestamp());
        var next = now + (long)(LogEvery.TotalSeconds * _time.TimestampFrequency);
        return now >= due && Interlocked.CompareExchange(ref _logAt, next, due) == due;
    }
}
