using FopWatch.Diagnosis;
using FopWatch.Running;

namespace FopWatch.Embedded;

/// <summary>A loop that is to run for as long as the host does.</summary>
/// <param name="Name">Its name for the operator, such as "watch loop".</param>
/// <param name="RunAsync">Runs it until it is cancelled. Called again after it failed, so it begins anew each time.</param>
public sealed record SupervisedLoop(string Name, Func<CancellationToken, Task> RunAsync)
{
    /// <summary>The name of the source that it serves; null if it serves all of them.</summary>
    public string? Source { get; init; }
}

/// <summary>A loop has failed.</summary>
/// <param name="Loop">The loop.</param>
/// <param name="Exception">What it threw.</param>
/// <param name="Wait">How long until it starts again.</param>
public sealed record LoopFailure(SupervisedLoop Loop, Exception Exception, TimeSpan Wait);

/// <summary>
/// Runs the loops of a host. One that fails, for whatever reason, is reported as a trouble and to the log, and starts again after a wait that doubles with
/// each failure. The others go on meanwhile.
/// </summary>
/// <param name="troubles">Is told of failures, and of loops that run again.</param>
/// <param name="work">Starts the loops.</param>
/// <param name="time">The clock.</param>
/// <param name="failed">Writes a failure to the log. What it throws is ignored: the loop matters more.</param>
public sealed class LoopSupervisor(Troubles troubles, IWorkScheduler work, TimeProvider time, Action<LoopFailure> failed)
{
    /// <summary>The wait after the first failure.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>How long a loop has to run until its earlier failures do not count any more: longer than any loop sleeps.</summary>
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

            // A loop that failed before works again once it has run for a while.
            await using (failures > 0
                ? time.CreateTimer(_ => troubles.Worked(loop.Source, TroubleKind.LoopFails), null, Proven, Timeout.InfiniteTimeSpan)
                : null)
            {
                // Not on the caller's thread: a loop may work for long before it waits for the first time.
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

            if (failure is null or OperationCanceledException && cancellationToken.IsCancellationRequested)
                return;
            failure ??= new InvalidOperationException("The loop ended by itself.");
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
            // Where nothing can be written, that must not be what ends the loop.
        }
    }
}
