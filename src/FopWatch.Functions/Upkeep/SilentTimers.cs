using FopWatch.Api;
using FopWatch.Azure.Tables;
using FopWatch.Cloud;
using FopWatch.Diagnosis;
using FopWatch.Functions.Publishing;
using FopWatch.Functions.Watching;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Wording;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>
/// Detects that the platform does not run the timers, for example after a deployment without synchronised triggers, and does their work in the
/// background of incoming requests, in one instance at a time.
/// </summary>
/// <param name="runs">The runs of the timers.</param>
/// <param name="scopes">Creates the scope of the work, which outlives the request.</param>
/// <param name="work">Starts the work.</param>
/// <param name="troubles">Gets silent timers.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed class SilentTimers(
    TableTimerRuns runs, IServiceScopeFactory scopes, IWorkScheduler work, Troubles troubles, TimeProvider time, ILogger<SilentTimers> logger)
    : IReadinessCheck
{
    /// <summary>
    /// The time beyond its period after which a timer without a run is silent: three minutes in all for one-minute timers. Without an instance, no timer
    /// runs, so the instance must have run for as long, unless it has already found the one-minute timers silent.
    /// </summary>
    internal static readonly TimeSpan Late = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    /// <summary>How long work stays taken if its instance is gone: longer than any work takes.</summary>
    private static readonly TimeSpan LongestWork = TimeSpan.FromMinutes(5);

    private static readonly Duty[] Duties =
    [
        new(StartDueWatches.Name, TimeSpan.FromMinutes(1), (services, cancellationToken) =>
            services.GetRequiredService<WatchStarter>().StartDueAsync(cancellationToken)),
        new(SweepOutbox.Name, TimeSpan.FromMinutes(1), (services, cancellationToken) =>
            services.GetRequiredService<PromptPublisher>().SweepAsync(cancellationToken)),
        new(SweepJobs.Name, TimeSpan.FromMinutes(5), (services, cancellationToken) =>
            services.GetRequiredService<SweepJobs>().RunAsync(cancellationToken)),
        new(Purge.Name, TimeSpan.FromHours(1), (services, cancellationToken) =>
            services.GetRequiredService<Purge>().RunAsync(services.GetRequiredService<InvocationClient>().Client, cancellationToken)),
    ];

    private readonly long _started = time.GetTimestamp();
    private long _lookedAt = long.MinValue;

    /// <summary>Called with each request. Checks for silent timers, at most once a minute, and does their work in the background.</summary>
    /// <param name="client">The request's client of the task hub.</param>
    public void Look(DurableTaskClient client)
    {
        var (last, now) = (Interlocked.Read(ref _lookedAt), time.GetTimestamp());
        if ((last == long.MinValue || time.GetElapsedTime(last, now) >= LookEvery) && Interlocked.CompareExchange(ref _lookedAt, now, last) == last)
            work.Start(() => LookAsync(client, CancellationToken.None));
    }

    /// <summary>Finds and reports silent timers.</summary>
    /// <returns>The time by which all one-minute timers had last run; null if one has not run yet.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async ValueTask<DateTimeOffset?> CheckAsync(CancellationToken cancellationToken)
    {
        var (known, _) = await FindAsync(cancellationToken);
        var minutely = Duties.Where(duty => duty.Period <= LookEvery).Select(duty => known.GetValueOrDefault(duty.Timer)?.RanAt).ToList();
        return minutely.Contains(null) ? null : minutely.Min();
    }

    /// <summary>Checks once, and does the work of silent timers.</summary>
    internal async Task LookAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        try
        {
            var (_, silent) = await FindAsync(cancellationToken);
            await Task.WhenAll(silent.Select(one => DoAsync(one.Duty, one.Run, client, cancellationToken)));
        }
        catch (StoreUnavailableException e)
        {
            logger.TimersNotSeen(e);
        }
        catch (Exception e)
        {
            // In the background, so no caller could handle it.
            logger.LookFailed(e);
        }
    }

    private async Task<(Dictionary<string, TimerRun> Known, List<(Duty Duty, TimerRun Run)> Silent)> FindAsync(CancellationToken cancellationToken)
    {
        var known = (await runs.ReadAsync(cancellationToken)).ToDictionary(run => run.Name, StringComparer.Ordinal);
        troubles.Worked(null, TroubleKind.StoreUnavailable);
        var (now, up, silent) = (time.GetUtcNow(), time.GetElapsedTime(_started), new List<(Duty Duty, TimerRun Run)>());

        // One-minute timers first.
        foreach (var duty in Duties)
        {
            if (!known.TryGetValue(duty.Timer, out var run))
                await runs.LookedForAsync(duty.Timer, cancellationToken);
            else if (now - NotAhead(run.RanAt ?? run.Since, now) >= duty.Period + Late && (up >= duty.Period + Late || silent.Count > 0))
                silent.Add((duty, run));
        }

        if (silent.Count > 0)
            troubles.Occurred(null, TroubleKind.TimersSilent, Sentence.Verbatim(string.Join(", ", silent.Select(one => one.Duty.Timer))));
        else
            troubles.Worked(null, TroubleKind.TimersSilent);
        return (known, silent);
    }

    private async Task DoAsync(Duty duty, TimerRun run, DurableTaskClient client, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (run.TakenUntil > now && run.TakenUntil <= now + LongestWork + duty.Period)
            return;

        try
        {
            if (await runs.TryTakeAsync(run, now + LongestWork, cancellationToken) is not { } taken)
                return;
            await using var scope = scopes.CreateAsyncScope();
            scope.ServiceProvider.GetRequiredService<InvocationClient>().Client = client;
            await duty.Do(scope.ServiceProvider, cancellationToken);
            logger.TimerStoodInFor(duty.Timer);
            await runs.TryTakeAsync(taken, now + duty.Period, cancellationToken);
        }
        catch (Exception e)
        {
            // The work stays taken until its lease expires, and is then retried.
            logger.StandingInFailed(duty.Timer, e);
        }
    }

    // A time in the future, from a clock that was ahead, must not delay the detection.
    private static DateTimeOffset NotAhead(DateTimeOffset time, DateTimeOffset now) => time <= now + Late ? time : DateTimeOffset.MinValue;

    private sealed record Duty(string Timer, TimeSpan Period, Func<IServiceProvider, CancellationToken, Task> Do);
}
