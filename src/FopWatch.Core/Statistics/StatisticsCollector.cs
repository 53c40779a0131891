using System.Collections.Concurrent;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>
/// Collects the statistics of a process until they are added to the store. Its size is bounded, however long the store is down: per source, a day of hours and
/// the classes that a store keeps.
/// </summary>
/// <param name="plans">The known durations, which show when a job probably ended between two polls.</param>
/// <param name="time">The clock.</param>
public sealed class StatisticsCollector(LearnedPlans plans, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Tally> _sources = new(StringComparer.Ordinal);

    /// <summary>The sources with counts that have not been taken.</summary>
    public IEnumerable<string> Sources => _sources.Where(one => !one.Value.IsEmpty).Select(one => one.Key);

    /// <summary>The start of the hour of a time.</summary>
    public static DateTimeOffset HourOf(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);

    /// <summary>Counts a notification.</summary>
    public void Notified(string source, Trust trust, NotificationResult result)
    {
        var (tally, now) = (Of(source), time.GetUtcNow());
        tally.Count(now, HourSums.Of(trust), new(now, null, PollAnswer.None));
        if (result == NotificationResult.Hinted)
            tally.Count(now, HourSum.Hinted);
        else if (result == NotificationResult.Quarantined)
            tally.Count(now, HourSum.Quarantined);
    }

    /// <summary>Counts a poll.</summary>
    public void Polled(string source, PollAnswer answer)
    {
        var now = time.GetUtcNow();
        if (HourSums.Of(answer) is { } sum)
            Of(source).Count(now, sum, new(null, now, answer));
    }

    /// <summary>Counts a published event.</summary>
    /// <param name="source">The source of the job.</param>
    /// <param name="lag">The time from the commit to the publication.</param>
    public void Published(string source, TimeSpan lag) => Of(source).Count(time.GetUtcNow(), HourHistogram.Lag, lag);

    /// <summary>Counts a commit.</summary>
    public void Committed(JobCommitted committed)
    {
        ArgumentNullException.ThrowIfNull(committed);
        var (before, after) = (committed.Before, committed.After);

        // A job that only hints name does not count.
        if (after.Origin == JobOrigin.Hint)
            return;
        var now = time.GetUtcNow();
        var source = Of(after.Key.Source);
        if (before is null or { Origin: JobOrigin.Hint })
            source.Count(now, HourSum.Registered);
        if (after.IsSettled && (before is not { IsSettled: true, Origin: not JobOrigin.Hint } || before.State != after.State) && HourSums.Of(after.State, after.SettledBy) is { } sum)
            source.Count(now, sum);
        if (committed.IsFoundOverdue)
            source.Count(now, HourSum.Overdue);
        if (before is { NotifiedAt: null } && after is { NotifiedAt: { } notified, SettledAt: { } settled })
        {
            // Counted in the hour in which the poll found the job, so that both leave the statistics together, and only if a poll found it.
            if (after.Watch.IsAgeCounted)
                source.Count(settled < now ? settled : now, HourSum.NotifiedLate);
            source.Count(now, HourHistogram.Lateness, notified - settled);
        }

        if (LookOf(before, after, now) is { } look)
            Seen(source, after, look, now);
    }

    /// <summary>Takes the counts of a source, and starts new ones; null if there are none.</summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The id of the addition.</param>
    public StatisticsDelta? Take(string source, string id) => _sources.TryGetValue(source, out var tally) ? tally.Take(id, source, time.GetUtcNow()) : null;

    /// <summary>Confirms that the last taken counts of a source are in the store.</summary>
    public void Added(string source)
    {
        if (_sources.TryGetValue(source, out var tally))
            tally.Added();
    }

    /// <summary>
    /// The counts of a source that are not known to be in the store: the current counts, and the last taken ones unless they were <see cref="Added"/>. Call it
    /// before reading the store, so that nothing is missing. Counts that are added in between count twice.
    /// </summary>
    public (IReadOnlyDictionary<DateTimeOffset, HourSums> Hours, LatestActivity Latest) Pending(string source) =>
        _sources.TryGetValue(source, out var tally) ? tally.Pending() : (new Dictionary<DateTimeOffset, HourSums>(), default);

    /// <summary>
    /// The observation of a job's age in a commit. There is one per job, when it gets an outcome, is given up or is no longer watched. Open jobs are not counted:
    /// many open jobs, as in an outage, would outweigh the known ones.
    /// </summary>
    /// <returns>The observation; null if there is none.</returns>
    public static AgeLook? LookOf(Job? before, Job after, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(after);
        if (before is not { HasOutcome: false, Watch: { AgeKnownTo: { } known, StartedAt: var started } })
            return null;
        var from = Math.Max((known - started).TotalSeconds, 0);
        if (after.HasOutcome)
            return new(from, Math.Max((now - started).TotalSeconds, from), after.SettledBy);
        if (after.Watch is not { AgeKnownTo: null, Status: WatchStatus.Stopped or WatchStatus.GivenUp } || known > now + PollPlan.ClockTolerance)
            return null;

        // The last poll of a job that is given up at its deadline has seen it running.
        var seen = after.Watch is { Status: WatchStatus.GivenUp, LastAnswer: PollAnswer.Report, LastPolledAt: { } polled } && polled > known ? polled : known;
        return new(from, Math.Max((seen - started).TotalSeconds, from), null);
    }

    private void Seen(Tally source, Job after, AgeLook look, DateTimeOffset now)
    {
        var name = CommandClass.Of(after.Facts);
        if (look.Over is not { } by)
        {
            source.Know(name, ages => ages.AddOpen(look.To));
            return;
        }

        var (isHeard, likely) = (by == SettledBy.Notification, plans.LikelyOf(after.Key.Source, name));
        source.Count(now, isHeard ? HourSum.Heard : HourSum.Found);
        if (!isHeard)
            source.Count(now, HourHistogram.DelayByPoll, look.Delay);
        source.Know(name, ages =>
        {
            if (isHeard)
                ages.AddOver(look.To);
            else if (likely is not null)
                ages.AddOverBetween(look.From, look.To, likely);
            else
                ages.AddOverBetween(look.From, look.To);
        });
    }

    private Tally Of(string source) => _sources.GetOrAdd(source, _ => new());

    private sealed class Tally
    {
        private readonly Lock _lock = new();
        private SortedDictionary<DateTimeOffset, HourSums> _hours = [];
        private Dictionary<string, KnownAges> _ages = new(StringComparer.Ordinal);
        private (DateTimeOffset Hour, HourSums Sums) _last = (default, new());
        private LatestActivity _latest;
        private StatisticsDelta? _taken;

        public bool IsEmpty
        {
            get
            {
                lock (_lock)
                    return _hours.Count == 0 && _ages.Count == 0;
            }
        }

        public void Count(DateTimeOffset now, HourSum sum, LatestActivity latest = default)
        {
            lock (_lock)
            {
                SumsOf(HourOf(now)).Add(sum);
                _latest = _latest.With(latest);
            }
        }

        public void Count(DateTimeOffset now, HourHistogram histogram, TimeSpan length)
        {
            lock (_lock)
                SumsOf(HourOf(now)).Add(histogram, length);
        }

        public void Know(string name, Action<KnownAges> add)
        {
            lock (_lock)
            {
                if (!_ages.ContainsKey(name) && _ages.Count >= CommandClass.MostClasses)
                    name = CommandClass.Other;
                if (!_ages.TryGetValue(name, out var ages))
                    _ages[name] = ages = new();
                add(ages);
            }
        }

        public StatisticsDelta? Take(string id, string source, DateTimeOffset now)
        {
            lock (_lock)
            {
                if (_hours.Count == 0 && _ages.Count == 0)
                    return null;
                var taken = new StatisticsDelta(id, source, now, _hours, _ages) { Latest = _latest };
                (_hours, _ages, _last, _latest, _taken) = ([], new(StringComparer.Ordinal), (default, new()), default, taken);
                return taken;
            }
        }

        public void Added()
        {
            lock (_lock)
                _taken = null;
        }

        public (IReadOnlyDictionary<DateTimeOffset, HourSums> Hours, LatestActivity Latest) Pending()
        {
            var all = new Dictionary<DateTimeOffset, HourSums>();
            lock (_lock)
            {
                foreach (var (hour, sums) in _hours.Concat(_taken?.Hours ?? new Dictionary<DateTimeOffset, HourSums>()))
                {
                    if (!all.TryGetValue(hour, out var sum))
                        all[hour] = sum = new();
                    sum.Add(sums);
                }

                return (all, _latest.With(_taken?.Latest ?? default));
            }
        }

        private HourSums SumsOf(DateTimeOffset hour)
        {
            if (_last.Hour == hour)
                return _last.Sums;
            if (!_hours.TryGetValue(hour, out var sums))
            {
                if (_hours.Count == StatisticsDelta.MostHours)
                {
                    if (hour < _hours.Keys.First())
                        return new();
                    _hours.Remove(_hours.Keys.First());
                }

                _hours[hour] = sums = new();
            }

            _last = (hour, sums);
            return sums;
        }
    }
}

/// <summary>The observation of a job's age at its end, or at the end of its watch.</summary>
/// <param name="From">The age at which it was last seen running, in seconds.</param>
/// <param name="To">The age at which it was known to have ended, in seconds; if it has not ended, the age at which it was last seen running.</param>
/// <param name="Over">The channel that showed its end; null if its end was not seen.</param>
public readonly record struct AgeLook(double From, double To, SettledBy? Over)
{
    /// <summary>
    /// How late a poll found the outcome, estimated as half the time since the previous poll: the job ended some time in between. Meaningless for a notification,
    /// which is sent when the job ends.
    /// </summary>
    public TimeSpan Delay => TimeSpan.FromSeconds((To - From) / 2);
}
