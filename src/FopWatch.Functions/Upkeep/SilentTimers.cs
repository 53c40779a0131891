using FopWatch.Api;
using FopWatch.Azure.Tables;
using FopWatch.Cloud;
using FopWatch.Diagnosis;
using FopWatch.Functions.Publishing;
using FopWatch.Functions.Watching;
using FopWatch.Jobs;
using FopWatch.Running;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>
/// Notices that the platform does not run the timers, as happens after a deployment whose triggers were not synchronised, and does their work:
/// beside the requests that come, and in one instance at a time.
/// </summary>
/// <param name="runs">When the timers ran.</param>
/// <param name="scopes">Where their work runs, which outlasts the request.</param>
/// <param name="work">Where it starts.</param>
/// <param name="troubles">Is told of silent timers.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed class SilentTimers(
    TableTimerRuns runs, IServiceScopeFactory scopes, IWorkScheduler work, Troubles troubles, TimeProvider time, ILogger<SilentTimers> logger)
    : IReadinessCheck
{
    /// <summary>
    /// How much longer than its period a timer has not run when it counts as silent: three minutes in all for those of a minute. While no
    /// instance ran, none could: so an instance must have run for as long, unless it has found those of a minute silent.
    /// </summary>
    internal static readonly TimeSpan Late = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    /// <summary>How long work stays taken whose instance is gone: longer than any of it lasts.</summary>
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

    /// <summary>A request has come: looks for silent timers, once a minute at most, and does their work. Nobody waits for it.</summary>
    /// <param name="client">The client that the request brought.</param>
    public void Look(DurableTaskClient client)
    {
        var (last, now) = (Interlocked.Read(ref _lookedAt), time.GetTimestamp());
        if ((last == long.MinValue || time.GetElapsedTime(last, now) >= LookEvery) && Interlocked.CompareExchange(ref _lookedAt, now, last) == last)
            work.Start(() => LookAsync(client, CancellationToken.None));
    }

    /// <summary>Looks which timers are silent, and says so.</summary>
    /// <returns>Since when all timers of a minute have run; null if one of them has not yet.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async ValueTask<DateTimeOffset?> CheckAsync(CancellationToken cancellationToken)
    {
        var (known, _) = await FindAsync(cancellationToken);
        var minutely = Duties.Where(duty => duty.Period <= LookEvery).Select(duty => known.GetValueOrDefault(duty.Timer)?.RanAt).ToList();
        return minutely.Contains(null) ? null : minutely.Min();
    }

    /// <summary>Looks once, and does what is to be done.</summary>
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
            // Nobody waits for it who could.
            logger.LookFailed(e);
        }
    }

    private async Task<(Dictionary<string, TimerRun> Known, List<(Duty Duty, TimerRun Run)> Silent)> FindAsync(CancellationToken cancellationToken)
    {
        var known = (await runs.ReadAsync(cancellationToken)).ToDictionary(run => run.Name, StringComparer.Ordinal);
        troubles.Worked(null, TroubleKind.StoreUnavailable);
        var (now, up, silent) = (time.GetUtcNow(), time.GetElapsedTime(_started), new List<(Duty Duty, TimerRun Run)>());

        // Those of a minute come first.
        foreach (var duty in Duties)
        {
            if (!known.TryGetValue(duty.Timer, out var run))
                await runs.LookedForAsync(duty.Timer, cancellationToken);
            else if (now - NotAhead(run.RanAt ?? run.Since, now) >= duty.Period + Late && (up >= duty.Period + Late || silent.Count > 0))
                silent.Add((duty, run));
        }

        if (silent.Count > 0)
            troubles.Occurred(null, TroubleKind.TimersSilent, string.Join(", ", silent.Select(one => one.Duty.Timer)));
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
            // The work stays taken for a while, and then it is tried again.
            logger.StandingInFailed(duty.Timer, e);
        }
    }

    // A clock that was ahead must not keep anybody from noticing for as long as it was.
    private static DateTimeOffset NotAhead(DateTimeOffset time, DateTimeOffset now) => time <= now + Late ? time : DateTimeOffset.MinValue;

    private sealed record Duty(string Timer, TimeSpan Period, Func<IServiceProvider, CancellationToken, Task> Do);
}
