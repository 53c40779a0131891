using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulator;
using FopWatch.Watching;
using StatusKind = FopWatch.Simulator.StatusAnswer;

namespace FopWatch.Simulation.Tests.World;

/// <summary>Generates a scenario from a seed.</summary>
internal sealed class ScenarioPlan
{
    private static readonly PlanOptions Options = new()
    {
        MaxWaiting = TimeSpan.FromMinutes(3),
        MinProcessing = TimeSpan.FromSeconds(2),
        MaxProcessing = TimeSpan.FromMinutes(90),
    };

    private static readonly StatusKind[] Troubles =
    [
        StatusKind.Throttled, StatusKind.Failed599, StatusKind.Failed500, StatusKind.Hang, StatusKind.HalfBody, StatusKind.HtmlPage,
        StatusKind.Redirect, StatusKind.WrongContentType,
    ];

    private readonly int _seed;
    private readonly Random _random;

    // A separate random source: later additions do not change the histories of seeds that they do not affect.
    private readonly Random _afterwards;
    private readonly TimeSpan _deadline;
    private readonly TimeSpan _until;

    private ScenarioPlan(int seed)
    {
        _seed = seed;
        _random = Seeded.Random(seed, 101);
        _afterwards = Seeded.Random(seed, 102);
        _deadline = Chance(0.7) ? Hours(2, 8) : Chance(0.85) ? Hours(8, 30) : Hours(60, 216);
        _until = _deadline * (Chance(0.8) ? 0.02 + (0.5 * _random.NextDouble()) : 1.3 * _random.NextDouble());
    }

    public static Scenario Of(int seed) => new ScenarioPlan(seed).Make();

    private Scenario Make()
    {
        var host = Chance(0.5) ? HostKind.Embedded : HostKind.Cloud;
        var kinds = Enumerable.Range(0, _random.Pick([1, 1, 1, 1, 2, 2, 2, 3, 4])).Select(_ => _random.Pick([BodyShape.QiniuClassic, .. Enum.GetValues<BodyShape>()])).ToList();
        var first = Minutes(0.5, 10);
        var poll = new PollSettings
        {
            First = first,
            Factor = 1 + _random.NextDouble(),
            Max = Longer(first, _deadline > TimeSpan.FromDays(2) ? Hours(1, 6) : Minutes(5, 60)),
            Deadline = _deadline,
            PerSecond = _random.Pick([0.2, 1, 10]),
        };
        var sources = kinds.Select(KindOf).Distinct()
            .Select(kind => Scenario.NewSource(kind, poll, Chance(0.1) ? TrustRule.Token : TrustRule.Signature))
            .ToList();
        return new()
        {
            Seed = _seed,
            Host = host,
            Processes = _random.Pick<int>(host == HostKind.Embedded ? [1, 1, 2] : [1, 2, 2, 3]),
            Sources = sources,
            Jobs = [.. kinds.Select((shape, index) => Job(index, shape, sources.First(source => source.Provider.Kind == KindOf(shape))))],
            Rates = Rates(),
            ClockError = Chance(0.5) ? TimeSpan.Zero
                : Chance(0.6) || host == HostKind.Cloud ? TimeSpan.FromSeconds(2)
                : Chance(0.7) ? TimeSpan.FromMinutes(2) : TimeSpan.FromMinutes(50),

            // Days in steps of a minute would show nothing that hours do not.
            LongestSleep = _deadline > TimeSpan.FromHours(8) ? _deadline / 200 : TimeSpan.FromMinutes(_random.Pick([1, 5, 15])),
            SweepEvery = _deadline > TimeSpan.FromHours(8) ? _deadline / 50 : TimeSpan.FromMinutes(_random.Pick([5, 15, 60])),
        };
    }

    private FaultRates Rates()
    {
        if (Chance(0.1))
            return new();

        var weight = Chance(0.7) ? 0.3 : 2;
        return new()
        {
            Fails = weight * Rate(0.03),
            AnswerLost = weight * Rate(0.03),
            Conflict = weight * Rate(0.03),
            Crash = weight * Rate(0.008),
            Slow = Rate(0.1),
            StoreDown = Chance(0.1) ? Window() : default,
            BrokerDown = Chance(0.1) ? Window() : default,
            Until = _until,
        };

        (TimeSpan, TimeSpan) Window()
        {
            var from = _until * _random.NextDouble();
            return (from, from + Minutes(0.1, Chance(0.9) ? 1 : 20));
        }
    }

    private JobScript Job(int index, BodyShape shape, Source source)
    {
        var draft = new JobDraft(_random.Next(), shape, Options);
        if (Chance(0.1) && shape == BodyShape.QiniuClassic)
            (draft.ClaimsSuccess, draft.Failures) = (true, 1);
        if (Chance(0.15) && shape == BodyShape.QiniuClassic)
            draft.Idle = true;
        if (Chance(0.2) && shape == BodyShape.QiniuWorkflowV3)
        {
            draft.AtLeastItems(3);
            draft.Cancelled = true;
        }

        if (Chance(0.1))
            draft.Failures = draft.ItemCount;
        if (Chance(0.2) && KindOf(shape) != ProviderKind.Qiniu)
        {
            draft.AtLeastItems(2);
            draft.Separate = true;
        }

        // With a provider whose status API never answers, only a notification that says everything and proves it remains.
        var truth = Chance(0.85) ? StatusTruth.Told : Chance(0.5) ? StatusTruth.NeverKnown : StatusTruth.Down;
        draft.Signing = Chance(0.85) || truth != StatusTruth.Told ? draft.StrongScheme : KindOf(shape) == ProviderKind.Qiniu && Chance(0.5) ? SigningScheme.QBox : SigningScheme.None;
        var job = draft.ToJob();
        if (Chance(0.06))
            job = job with { DoneAfter = job.ProcessingAfter + (_deadline * (0.5 + _random.NextDouble())) };

        var hintedEarly = Chance(0.05) && source.Trust == TrustRule.Signature;
        var submitted = hintedEarly ? Minutes(16, 200) : Minutes(0, 10);
        var fakes = Fakes(source, submitted + job.DoneAfter);
        if (hintedEarly)
            fakes.Add((Fake.NoSignature, Minutes(0, 1)));
        var actions = Interventions();
        var script = new JobScript
        {
            Source = source.Name,
            Job = job with { Id = $"{job.Id[..Math.Min(8, job.Id.Length)]}.{index}" },
            SubmittedAfter = submitted,
            Registering = Chance(0.8) ? Registering.UntilAnswered : Chance(0.7) ? Registering.Never : Registering.Once,
            RegisteredAfter = Chance(0.85) ? Minutes(0, 0.5) : Minutes(0, 60),
            FirstPollAfter = Chance(0.8) ? null : Minutes(0, 30),
            Notifies = Chance(0.8),
            Late = Chance(0.8) ? TimeSpan.Zero : Chance(0.7) ? Minutes(1, 90) : _deadline * (1.5 * _random.NextDouble()),
            Replays = Chance(0.75) ? [] : [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Chance(0.7) ? Minutes(0, 60) : _deadline * (1.4 * _random.NextDouble()))],
            Fakes = fakes,
            Status = Status(job),
            Truth = truth,
            ForgottenAfter = Chance(0.93) ? null : job.DoneAfter + Minutes(0, _deadline.TotalMinutes),
            Interventions = actions,
        };
        return Afterwards(script, source);
    }

    /// <summary>For some jobs the status API is down, or the job runs, past the deadline; then the job is named or requested once more.</summary>
    private JobScript Afterwards(JobScript script, Source source)
    {
        if (!_afterwards.Chance(0.06) || script.Truth != StatusTruth.Told || script.ForgottenAfter is not null)
            return script;

        var (isDown, deadline) = (_afterwards.Chance(0.5), 1.2 * _deadline);
        var over = _afterwards.Between(0.5 * _deadline, 1.5 * _deadline);
        var later = script.SubmittedAfter + _afterwards.Between(deadline, 2 * _deadline);
        return script with
        {
            Status = isDown ? [.. script.Status, (TimeSpan.Zero, over, _afterwards.Pick(Troubles))] : script.Status,
            Job = isDown ? script.Job : script.Job with { DoneAfter = script.Job.ProcessingAfter + over },
            Notifies = script.Notifies && _afterwards.Chance(0.5),
            Late = isDown ? deadline : script.Late,
            Interventions = _afterwards.Chance(0.3) ? script.Interventions : [.. script.Interventions, (_afterwards.Pick<Intervention>([Intervention.Poll, Intervention.Register, Intervention.LoseDueRow]), later)],
            Fakes = _afterwards.Chance(0.5) || source.Trust == TrustRule.Token ? script.Fakes : [.. script.Fakes, (Fake.NoSignature, later)],
        };
    }

    private List<(Fake, TimeSpan)> Fakes(Source source, TimeSpan over)
    {
        var fakes = new List<(Fake, TimeSpan)>();
        while (Chance(0.4))
        {
            var fake = _random.Pick(Enum.GetValues<Fake>());

            // Under token trust a valid token settles a job, so anyone with the token is believed.
            if (source.Trust != TrustRule.Token || fake is not (Fake.NoSignature or Fake.SwappedBody or Fake.StrangeId))
                fakes.Add((fake, Chance(0.7) ? over * (1.3 * _random.NextDouble()) : _deadline * (1.2 * _random.NextDouble())));
        }

        return fakes;
    }

    private List<(TimeSpan, TimeSpan, StatusKind)> Status(SimulatedJob job)
    {
        var windows = new List<(TimeSpan, TimeSpan, StatusKind)>();

        // Right after the submission it may not know the id yet. PollPlan has to outlast that time.
        if (Chance(0.3))
            windows.Add((TimeSpan.Zero, Chance(0.7) ? Minutes(0, 1) : Minutes(1, 10), StatusKind.NotFound));
        while (Chance(0.25))
        {
            var from = Chance(0.7) ? job.DoneAfter * _random.NextDouble() : _deadline * _random.NextDouble();
            windows.Add((from, from + Minutes(0.1, 120), _random.Pick(Troubles)));
        }

        return windows;
    }

    private List<(Intervention, TimeSpan)> Interventions()
    {
        var actions = new List<(Intervention, TimeSpan)>();
        if (Chance(0.15))
            actions.Add((Intervention.Poll, SomeTime()));
        if (Chance(0.1))
            actions.Add((Intervention.Republish, SomeTime()));
        if (Chance(0.05))
            actions.Add((Intervention.Register, SomeTime()));
        if (Chance(0.04))
            actions.Add((Intervention.LoseDueRow, SomeTime()));
        if (Chance(0.05))
        {
            var stop = SomeTime();
            actions.Add((Intervention.Stop, stop));
            if (Chance(0.7))
                actions.Add((Intervention.Register, stop + Minutes(0, 60)));
        }

        return actions;

        TimeSpan SomeTime() => Chance(0.7) ? Minutes(0, 60) : _deadline * (1.3 * _random.NextDouble());
    }

    private static ProviderKind KindOf(BodyShape shape) => shape switch
    {
        BodyShape.WangsuFmgr => ProviderKind.WangsuFmgr,
        BodyShape.WangsuFops => ProviderKind.WangsuFops,
        _ => ProviderKind.Qiniu,
    };

    private bool Chance(double probability) => _random.Chance(probability);

    private double Rate(double most) => Chance(0.25) ? 0 : most * _random.NextDouble();

    private TimeSpan Minutes(double least, double most) => _random.Between(TimeSpan.FromMinutes(least), TimeSpan.FromMinutes(most));

    private TimeSpan Hours(double least, double most) => _random.Between(TimeSpan.FromHours(least), TimeSpan.FromHours(most));

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
