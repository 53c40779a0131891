using FopWatch.Diagnosis;
using FopWatch.Running;

namespace FopWatch.Embedded;

/// <summary>A loop that runs as long as the host.</summary>
/// <param name="Name">Its name for the operator, such as "watch loop".</param>
/// <param name="RunAsync">Runs the loop until it is cancelled. Called again after each failure, so it starts from scratch.</param>
public sealed record SupervisedLoop(string Name, Func<CancellationToken, Task> RunAsync)
{
    /// <summary>The name of the source that it serves; null if it serves all sources.</summary>
    public string? Source { get; init; }

    /// <summary>Whether it may end by itself. If not, that is a failure.</summary>
    public bool MayEnd { get; init; }
}

/// <summary>The failure of a loop.</summary>
/// <param name="Loop">The loop.</param>
/// <param name="Exception">The exception that it threw.</param>
/// <param name="Wait">The time until it starts again.</param>
public sealed record LoopFailure(SupervisedLoop Loop, Exception Exception, TimeSpan Wait);

/// <summary>
/// Runs the loops of a host. A loop that fails is reported as a trouble, is logged, and starts again after a wait that doubles with each failure. The other
/// loops keep running.
/// </summary>
/// <param name="troubles">Receives failures and recoveries.</param>
/// <param name="work">Starts the loops.</param>
/// <param name="time">The clock.</param>
/// <param name="failed">Logs a failure. Its exceptions are ignored, so that the loop starts again.</param>
public sealed class LoopSupervisor(Troubles troubles, IWorkScheduler work, TimeProvider time, Action<LoopFailure> failed)
{
    /// <summary>The wait after the first failure.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>How long a loop must run until its earlier failures no longer count. Longer than any loop sleeps.</summary>
    public static readonly TimeSpan Proven = TimeSpan.FromMinutes(2);

    private const ConfigureAwaitOptions WithoutThrowing = ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;

    /// <summary>Runs loops until they are cancelled.</summary>
    public Task RunAsync(IEnumerable<SupervisedLoop> loops, CancellationToken cancellationToken) =>
        Task.WhenAll(loops.Select(loop => RunAsync(loop, cancellationToken)));

    private async Task RunAsync(SupervisedLoop loop, CancellationToken cancellationToken)
    {
        for (var failures = 0; !cancellationToken.IsCancellationRequested; failures++)
        {
            var began = time.GetTimestamp();
            var ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
            Exception? failure;

            // A loop that failed before counts as recovered once it has run for a while.
            await using (failures > 0
                ? time.CreateTimer(_ => troubles.Worked(loop.Source, TroubleKind.LoopFails), null, Proven, Timeout.InfiniteTimeSpan)
                : null)
            {
                // Not on the caller's thread: a loop may run for a long time before its first await.
                work.Start(async () =>
                {
                    try
                    {
                        await loop.RunAsync(cancellationToken);
                        ended.SetResult(null);
                    }
                    catch (Exception e)
                    {
                        ended.SetResult(e);
                    }
                });
                failure = await ended.Task;
            }

            if ((failure is null && loop.MayEnd) || (failure is null or OperationCanceledException && cancellationToken.IsCancellationRequested))
                return;
            failure ??= new InvalidOperationException("The loop ended unexpectedly.");
            if (time.GetElapsedTime(began) >= Proven)
                failures = 0;
            var wait = First * Math.Pow(2, Math.Min(failures, 10));
            wait = wait < Longest ? wait : Longest;
            Report(new(loop, failure, wait));
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(WithoutThrowing);
        }
    }

    private void Report(LoopFailure failure)
    {
        try
        {
            troubles.Occurred(failure.Loop.Source, TroubleKind.LoopFails, $"the {failure.Loop.Name} failed: {failure.Exception.GetType().Name}");
            failed(failure);
        }
        catch
        {
            // A failure to report must not end the loop.
        }
    }
}
