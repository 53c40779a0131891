using FopWatch.Azure.Tables;
using FopWatch.Diagnosis;
using FopWatch.Functions.Publishing;
using FopWatch.Functions.Watching;
using FopWatch.Jobs;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>
/// Notices that the platform does not run the timers, as happens after a deployment whose triggers were not synchronised, and does their work:
/// beside the requests that come, and in one instance at a time.
/// </summary>
public sealed class SilentTimers
{
    /// <summary>
    /// How much longer than its period a timer has not run when it counts as silent: three minutes in all for those of a minute. While no
    /// instance ran, none could: so an instance must have run for as long, unless it has found those of a minute silent.
    /// </summary>
    internal static readonly TimeSpan Late = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    /// <summary>How long work stays taken whose instance is gone: longer than any of it lasts.</summary>
    private static readonly TimeSpan LongestWork = TimeSpan.FromMinutes(5);

    private readonly TableTimerRuns _runs;
    private readonly Watches _watches;
    private readonly Troubles _troubles;
    private readonly TimeProvider _time;
    private readonly ILogger<SilentTimers> _logger;
    private readonly Duty[] _duties;
    private readonly long _started;
    private long _lookedAt = long.MinValue;

    /// <summary>Looks after the timers whose work is given.</summary>
    public SilentTimers(
        TableTimerRuns runs,
        Watches watches,
        StartDueWatches startDueWatches,
        Outbox outbox,
        SweepJobs sweepJobs,
        Purge purge,
        Troubles troubles,
        TimeProvider time,
        ILogger<SilentTimers> logger)
    {
        (_runs, _watches, _troubles, _time, _logger) = (runs, watches, troubles, time, logger);
        _started = time.GetTimestamp();
        _duties =
        [
            new(StartDueWatches.Name, TimeSpan.FromMinutes(1), NeedsClient: true, (_, cancellationToken) => startDueWatches.RunAsync(cancellationToken)),
            new(SweepOutbox.Name, TimeSpan.FromMinutes(1), NeedsClient: false, (_, cancellationToken) => outbox.SweepAsync(cancellationToken)),
            new(SweepJobs.Name, TimeSpan.FromMinutes(5), NeedsClient: false, (_, cancellationToken) => sweepJobs.RunAsync(cancellationToken)),
            new(Purge.Name, TimeSpan.FromHours(1), NeedsClient: true, (client, cancellationToken) => purge.RunAsync(client!, cancellationToken)),
        ];
    }

    /// <summary>A request has come: looks for silent timers, once a minute at most, and does their work. Nobody waits for it.</summary>
    public void Look()
    {
        var (last, now) = (Interlocked.Read(ref _lookedAt), _time.GetTimestamp());
        if ((last == long.MinValue || _time.GetElapsedTime(last, now) >= LookEvery) && Interlocked.CompareExchange(ref _lookedAt, now, last) == last)
            _ = Task.Run(() => LookAsync(CancellationToken.None));
    }

    /// <summary>Looks which timers are silent, and says so.</summary>
    /// <returns>Since when all timers of a minute have run; null if one of them has not yet.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<DateTimeOffset?> CheckAsync(CancellationToken cancellationToken)
    {
        var (known, _) = await FindAsync(cancellationToken);
        var minutely = _duties.Where(duty => duty.Period <= LookEvery).Select(duty => known.GetValueOrDefault(duty.Timer)?.RanAt).ToList();
        return minutely.Contains(null) ? null : minutely.Min();
    }

    /// <summary>Looks once, and does what is to be done.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (_, silent) = await FindAsync(cancellationToken);
            await Task.WhenAll(silent.Select(one => DoAsync(one.Duty, one.Run, cancellationToken)));
        }
        catch (StoreUnavailableException e)
        {
            _logger.TimersNotSeen(e);
        }
    }

    private async Task<(Dictionary<string, TimerRun> Known, List<(Duty Duty, TimerRun Run)> Silent)> FindAsync(CancellationToken cancellationToken)
    {
        var known = (await _runs.ReadAsync(cancellationToken)).ToDictionary(run => run.Name, StringComparer.Ordinal);
        var (now, up, silent) = (_time.GetUtcNow(), _time.GetElapsedTime(_started), new List<(Duty Duty, TimerRun Run)>());

        // Those of a minute come first.
        foreach (var duty in _duties)
        {
            if (!known.TryGetValue(duty.Timer, out var run))
                await _runs.LookedForAsync(duty.Timer, cancellationToken);
            else if (now - NotAhead(run.RanAt ?? run.Since, now) >= duty.Period + Late && (up >= duty.Period + Late || silent.Count > 0))
                silent.Add((duty, run));
        }

        if (silent.Count > 0)
            _troubles.Occurred(null, TroubleKind.TimersSilent, string.Join(", ", silent.Select(one => one.Duty.Timer)));
        else
            _troubles.Worked(null, TroubleKind.TimersSilent);
        return (known, silent);
    }

    private async Task DoAsync(Duty duty, TimerRun run, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (run.TakenUntil > now && run.TakenUntil <= now + LongestWork + duty.Period)
            return;

        // Notifications, registrations and polls bring one.
        var client = _watches.Client;
        if (duty.NeedsClient && client is null)
            return;
        try
        {
            if (await _runs.TryTakeAsync(run, now + LongestWork, cancellationToken) is not { } taken)
                return;
            await duty.Do(client, cancellationToken);
            _logger.TimerStoodInFor(duty.Timer);
            await _runs.TryTakeAsync(taken, now + duty.Period, cancellationToken);
        }
        catch (Exception e)
        {
            // The work stays taken for a while, and then it is tried again.
            _logger.StandingInFailed(duty.Timer, e);
        }
    }

    // A clock that was ahead must not keep anybody from noticing for as long as it was.
    private static DateTimeOffset NotAhead(DateTimeOffset time, DateTimeOffset now) => time <= now + Late ? time : DateTimeOffset.MinValue;

    private sealed record Duty(string Timer, TimeSpan Period, bool NeedsClient, Func<DurableTaskClient?, CancellationToken, Task> Do);
}
