using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

/// <summary>Commits jobs, polls them by the learned plan, and adds the collector's counts to stored ages every minute.</summary>
internal sealed class LearningHost
{
    private const string Source = "media";
    private const string Class = "avthumb/mp4";
    private const double AddEvery = 60;

    public static readonly PollSettings Settings = new() { First = TimeSpan.FromSeconds(30) };

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly JobFacts Running = JobFacts.None.WithItems([new() { Command = Class, State = ItemState.Processing }]);
    private static readonly JobFacts Over =
        JobFacts.None.WithItems([new() { Command = Class, State = ItemState.Succeeded }]) with { Closed = true, Concluded = true, Verdict = JobVerdict.Succeeded };

    private readonly ManualTimeProvider _time = new(Start);
    private readonly LearnedPlans _plans = new();
    private readonly StatisticsCollector _collector;
    private readonly PriorityQueue<RunningJob, double> _next = new();
    private StoredAges _stored = StoredAges.None(Start);
    private double _lastAdded;

    public LearningHost() => _collector = new(_plans, _time);

    public TimeSpan Ahead
    {
        get => _time.Ahead;
        set => _time.Ahead = value;
    }

    public KnownAges Known => _stored.At(_time.GetUtcNow());

    /// <summary>Registers jobs of the given durations, with equal probability, in the first part of an hour.</summary>
    public void Register(int hour, IEnumerable<double> seconds, Random random, double within = 1, bool isNotified = false, bool isOld = false)
    {
        var plan = (_plans.Of(Source)?.For(Class)?.Ages ?? PollAges.Fixed(Settings)).All();
        foreach (var length in seconds)
        {
            var at = 3600 * (hour + (within * random.NextDouble()));
            var job = new RunningJob(isOld ? at - length : at, length, isNotified ? null : plan.GetEnumerator(), NewJob(Start.AddSeconds(isOld ? at - length : at)));
            _next.Enqueue(job, job.NextLook());
        }
    }

    public void RunTo(int hour)
    {
        while (_next.TryPeek(out var job, out var at) && at < 3600d * hour)
        {
            _next.Dequeue();
            AddUpTo(at);
            _time.AdvanceTo(Start.AddSeconds(at));
            if (Look(job, at))
                _next.Enqueue(job, job.NextLook());
        }

        AddUpTo(3600d * hour);
    }

    /// <summary>Learns the plan for the class; null for the fixed one.</summary>
    public LearnedPlan? Learn()
    {
        var known = Known;
        _plans.Set(
            Source,
            SourcePlans.Learn(new Dictionary<string, KnownAges> { [Class] = known }, Settings, 0),
            known.Jobs >= PlanLearner.LeastJobs ? new Dictionary<string, ISurvivalCurve> { [Class] = AgeCurve.Observed(known) } : []);
        return _plans.Of(Source)?.For(Class);
    }

    /// <summary>A poll or the notification. Returns whether the job is still open.</summary>
    private bool Look(RunningJob job, double at)
    {
        var (before, now) = (job.Job, _time.GetUtcNow());
        var isOver = at - job.RegisteredAt >= job.Seconds;
        var isGivenUp = !isOver && at - job.RegisteredAt >= Settings.Deadline.TotalSeconds;
        var polled = before.Watch with { AgeKnownTo = now, LastPolledAt = now, LastAnswer = PollAnswer.Report };
        job.Job = isOver ? before with { Facts = Over, Watch = polled.End(), SettledAt = now, SettledBy = job.IsNotified ? SettledBy.Notification : SettledBy.Poll }
            : isGivenUp ? before with { IsExpired = true, Watch = polled.GiveUp(), SettledAt = now, SettledBy = SettledBy.Deadline }
            : before with { Watch = polled };
        _collector.Committed(new(before, job.Job, null, CommitCause.Outside));
        return !isOver && !isGivenUp;
    }

    private void AddUpTo(double seconds)
    {
        for (; seconds - _lastAdded >= AddEvery; _lastAdded += AddEvery)
        {
            if (_collector.Take(Source, "one") is { } taken && taken.Ages.TryGetValue(Class, out var ages))
                _stored = StoredAges.Read(_stored.With(ages, taken.At).Write(), out _)!;
            _time.AdvanceTo(Start.AddSeconds(_lastAdded + AddEvery));
        }
    }

    private static Job NewJob(DateTimeOffset at) =>
        Job.New(new(Source, "z0.job"), ProviderKind.Qiniu, JobOrigin.Registration, Watch.Start(Settings, at) with { AgeKnownTo = at }, at) with { Facts = Running };

    private sealed class RunningJob(double registeredAt, double seconds, IEnumerator<double>? polls, Job job)
    {
        public double RegisteredAt => registeredAt;

        public double Seconds => seconds;

        public bool IsNotified => polls is null;

        public Job Job { get; set; } = job;

        public double NextLook()
        {
            if (polls is null)
                return registeredAt + seconds;
            polls.MoveNext();
            return registeredAt + polls.Current;
        }
    }
}
