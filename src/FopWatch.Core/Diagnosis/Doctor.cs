using System.Globalization;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Wording;
using Microsoft.Extensions.Logging;

namespace FopWatch.Diagnosis;

/// <summary>The limits of an examination.</summary>
public sealed record DoctorLimits
{
    /// <summary>How long a step may take.</summary>
    public TimeSpan Step { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long all steps together may take. Steps that have not started by then are skipped.</summary>
    public TimeSpan Whole { get; init; } = TimeSpan.FromSeconds(55);

    /// <summary>How many steps run at once.</summary>
    public int AtOnce { get; init; } = 8;
}

/// <summary>Lets one examination run at a time in this process. Thread-safe.</summary>
public sealed class DoctorTurn
{
    private int _taken;

    /// <summary>Takes the turn.</summary>
    /// <returns>Whether the turn was free. If so, call <see cref="Leave"/> afterwards.</returns>
    public bool TryTake() => Interlocked.Exchange(ref _taken, 1) == 0;

    /// <summary>Gives the turn back.</summary>
    public void Leave() => Volatile.Write(ref _taken, 0);
}

/// <summary>Examines an installation: its settings, its dependencies and its traffic.</summary>
/// <param name="checks">The checks, in the order of their findings.</param>
/// <param name="turn">Lets one examination run at a time.</param>
/// <param name="limits">The limits, in real time whatever clock the host uses, because a caller waits.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Receives unexpected failures of checks.</param>
public sealed class Doctor(IEnumerable<IDoctorCheck> checks, DoctorTurn turn, DoctorLimits limits, TimeProvider time, ILogger log)
{
    /// <summary>Runs all checks.</summary>
    /// <returns>The findings; null if an examination is already running.</returns>
    /// <exception cref="OperationCanceledException">The examination was cancelled.</exception>
    public async Task<DoctorReport?> ExamineAsync(CancellationToken cancellationToken)
    {
        if (!turn.TryTake())
            return null;
        try
        {
            var at = time.GetUtcNow();
            var steps = checks.SelectMany(check => check.Steps).ToList();
            var found = new IReadOnlyList<DoctorFinding>[steps.Count];
            using var whole = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            whole.CancelAfter(limits.Whole);
            await Parallel.ForAsync(
                0,
                steps.Count,
                new ParallelOptions { MaxDegreeOfParallelism = limits.AtOnce, CancellationToken = cancellationToken },
                async (i, _) => found[i] = await RunAsync(steps[i], whole.Token, cancellationToken));
            return new(at, [.. found.SelectMany(one => one)]);
        }
        finally
        {
            turn.Leave();
        }
    }

    private async Task<IReadOnlyList<DoctorFinding>> RunAsync(DoctorStep step, CancellationToken whole, CancellationToken cancellationToken)
    {
        if (whole.IsCancellationRequested)
            return [Finding(step, DoctorLevel.Skipped, $"It was not examined: the other checks took {Seconds(limits.Whole)}.")];

        using var own = CancellationTokenSource.CreateLinkedTokenSource(whole);
        own.CancelAfter(limits.Step);
        var token = own.Token;
        var running = Task.Run(() => step.RunAsync(token), CancellationToken.None);
        try
        {
            return await running.WaitAsync(token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Forget(running);
            return [step.TooSlow?.Invoke(limits.Step) ?? Finding(step, DoctorLevel.Trouble, $"The check did not end within {Seconds(limits.Step)}.")];
        }
        catch (OperationCanceledException)
        {
            Forget(running);
            throw;
        }
        catch (StoreUnavailableException e)
        {
            return [Finding(step, DoctorLevel.Trouble, Sentence.Verbatim(e.Message)) with { Why = $"Notifications and registrations are answered 503 until the store can answer." }];
        }
        catch (Exception e)
        {
            log.CheckFailed(step.Check, step.Source ?? "the installation", e);
            return [Finding(step, DoctorLevel.Trouble, $"The check failed with {e.GetType().Name}.") with { Fix = $"Report the error, which is in the log." }];
        }
    }

    internal static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

    private static void Forget(Task task) => task.ContinueWith(
        static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private static DoctorFinding Finding(DoctorStep step, DoctorLevel level, Sentence what) =>
        new() { Check = step.Check, Source = step.Source, Level = level, What = what };
}
