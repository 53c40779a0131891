using System.Collections.Concurrent;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>
/// Counts what happens in a process until it is added to the store. Its size is bounded, however long the store is down: by source, a day of hours and
/// the classes that a store keeps.
/// </summary>
/// <param name="plans">What is known already says where in between two looks a job was probably over.</param>
/// <param name="time">The clock.</param>
public sealed class StatisticsCollector(LearnedPlans plans, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Tally> _sources = new(StringComparer.Ordinal);

    /// <summary>The sources of which something was counted since it was taken.</summary>
    public IEnumerable<string> Sources => _sources.Where(one => !one.Value.IsEmpty).Select(one => one.Key);

    /// <summary>The hour that a time is in.</summary>
    public static DateTimeOffset HourOf(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);

    /// <summary>A notification was taken.</summary>
    public void Notified(string source, Trust trust, NotificationResult result)
    {
        var (tally, now) = (Of(source), time.GetUtcNow());
        tally.Count(now, HourSums.Of(trust), new(now, null, PollAnswer.None));
        if (result == NotificationResult.Hinted)
            tally.Count(now, HourSum.Hinted);
        else if (result == NotificationResult.Quarantined)
            tally.Count(now, HourSum.Quarantined);
    }

    /// <summary>A status API was asked.</summary>
    public void Polled(string source, PollAnswer answer)
    {
        var now = time.GetUtcNow();
        if (HourSums.Of(answer) is { } sum)
            Of(source).Count(now, sum, new(null, now, answer));
    }

    /// <summary>An event was published.</summary>
    /// <param name="source">The source of its job.</param>
    /// <param name="lag">The time since its commit.</param>
    public void Published(string source, TimeSpan lag) => Of(source).Count(time.GetUtcNow(), HourHistogram.Lag, lag);

    /// <summary>A job was committed.</summary>
    public void Committed(JobCommitted committed)
    {
        ArgumentNullException.ThrowIfNull(committed);
        var (before, after) = (committed.Before, committed.After);

        // What only hints name is nobody's job.
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
            // In the hour in which it was found, so that both leave the count together; and only if it was.
            if (after.Watch.IsAgeCounted)
                source.Count(settled < now ? settled : now, HourSum.NotifiedLate);
            source.Count(now, HourHistogram.Lateness, notified - settled);
        }

        if (LookOf(before, after, now) is { } look)
            Seen(source, after, look, now);
    }

    /// <summary>Takes what was counted of a source; null for nothing. What is counted from now on is not in it.</summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The id of the addition.</param>
    public StatisticsDelta? Take(string source, string id) => _sources.TryGetValue(source, out var tally) ? tally.Take(id, source, time.GetUtcNow()) : null;

    /// <summary>What was taken last of a source is in the store.</summary>
    public void Added(string source)
    {
        if (_sources.TryGetValue(source, out var tally))
            tally.Added();
    }

    /// <summary>
    /// What was counted of a source and is not known to be in the store: what is counted still, and what was taken last unless it was
    /// <see cref="Added"/>. Ask before reading the store, so that nothing is missing; what is added in between counts twice.
    /// </summary>
    public (IReadOnlyDictionary<DateTimeOffset, HourSums> Hours, LatestActivity Latest) Pending(string source) =>
        _sources.TryGetValue(source, out var tally) ? tally.Pending() : (new Dictionary<DateTimeOffset, HourSums>(), default);

    /// <summary>
    /// What a commit says of a job's age: once, when it has an outcome, is given up or is not watched any more. An open job says nothing yet: many open
    /// ones, as in an outage, would outweigh what is known.
    /// </summary>
    /// <returns>Null if it says nothing.</returns>
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

/// <summary>What the end of a job, or of its watch, says of its age.</summary>
/// <param name="From">The age in seconds at the last look that found it running.</param>
/// <param name="To">The age when it was known to be over; the age at which it was last seen running if it is not over.</param>
/// <param name="Over">What showed that it is over; null if nobody saw its end.</param>
public readonly record struct AgeLook(double From, double To, SettledBy? Over)
{
    /// <summary>
    /// How late a poll found it over: nobody knows more than that it was after the look before, so half of the time since then is the estimate. Of a notification
    /// it says nothing: it comes when a job ends, whenever the job was looked at last.
    /// </summary>
    public TimeSpan Delay => TimeSpan.FromSeconds((To - From) / 2);
}
