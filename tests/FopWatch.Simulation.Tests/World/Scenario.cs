using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulator;
using FopWatch.Watching;
using StatusKind = FopWatch.Simulator.StatusAnswer;

namespace FopWatch.Simulation.Tests.World;

/// <summary>In which way the core is run.</summary>
internal enum HostKind
{
    /// <summary>Loops in one process, as the embedded host has them.</summary>
    Embedded,

    /// <summary>Functions that timers and a durable orchestration call, as the cloud host has them.</summary>
    Cloud,
}

/// <summary>Whether an application registers a job.</summary>
internal enum Registering
{
    /// <summary>No: only its notifications name it.</summary>
    Never,

    /// <summary>It tries once, and does not mind whether it worked.</summary>
    Once,

    /// <summary>It tries until it is told that it worked.</summary>
    UntilAnswered,
}

/// <summary>What the status API makes of a job in the long run.</summary>
internal enum StatusTruth
{
    /// <summary>It tells the truth, apart from the job's windows.</summary>
    Told,

    /// <summary>It never knows of the id.</summary>
    NeverKnown,

    /// <summary>It never answers.</summary>
    Down,
}

/// <summary>A notification that is not what it seems.</summary>
internal enum Fake
{
    /// <summary>A lie with a signature by a known access key and a wrong secret.</summary>
    WrongSignature,

    /// <summary>A lie without a signature.</summary>
    NoSignature,

    /// <summary>A lie that is rightly signed by a stranger's key.</summary>
    UnknownKey,

    /// <summary>A lie under a genuine signature that does not cover the body.</summary>
    SwappedBody,

    /// <summary>A lie with a wrong token in the URL.</summary>
    WrongToken,

    /// <summary>A body that makes no sense.</summary>
    Undecodable,

    /// <summary>A lie about an id that nobody has.</summary>
    StrangeId,
}

/// <summary>What an operator or an application does besides registering.</summary>
internal enum Deed
{
    Poll,
    Republish,
    Stop,
    Register,
    LoseDueRow,
}

/// <summary>One job, and everything that happens to it from outside. Times count from the submission unless said otherwise.</summary>
internal sealed record JobScript
{
    public required string Source { get; init; }

    public required SimulatedJob Job { get; init; }

    /// <summary>From the start of the history.</summary>
    public TimeSpan SubmittedAfter { get; init; }

    public Registering Registering { get; init; } = Registering.UntilAnswered;

    public TimeSpan RegisteredAfter { get; init; }

    public TimeSpan? FirstPollAfter { get; init; }

    /// <summary>Whether its notifications are sent at all.</summary>
    public bool Notifies { get; init; } = true;

    /// <summary>How long after their time notifications are sent.</summary>
    public TimeSpan Late { get; init; }

    /// <summary>When copies of its notifications come once more, counted from their time.</summary>
    public IReadOnlyList<TimeSpan> Replays { get; init; } = [];

    /// <summary>What others send, and when, from the start of the history.</summary>
    public IReadOnlyList<(Fake Fake, TimeSpan At)> Fakes { get; init; } = [];

    /// <summary>When the status API answers otherwise than truthfully.</summary>
    public IReadOnlyList<(TimeSpan From, TimeSpan To, StatusKind Answer)> Status { get; init; } = [];

    public StatusTruth Truth { get; init; }

    /// <summary>When the status API forgets the id.</summary>
    public TimeSpan? ForgottenAfter { get; init; }

    /// <summary>What people do, and when, from the start of the history.</summary>
    public IReadOnlyList<(Deed Deed, TimeSpan At)> Deeds { get; init; } = [];

    public JobState Expected => Enum.Parse<JobState>(Job.Cancelled ? "Cancelled" : (Job with { Unobtainable = false }).ExpectedState, ignoreCase: true);
}

/// <summary>Everything that decides how a history goes, besides the order of its steps.</summary>
internal sealed record Scenario
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    public static readonly SigningKey QiniuKey = new("qiniu-ak", "qiniu-sk");
    public static readonly SigningKey WangsuKey = new("wangsu-ak", "wangsu-sk");

    public const string Token = "right-token-0";

    /// <summary>Decides the order of the steps, too.</summary>
    public required int Seed { get; init; }

    public HostKind Host { get; init; }

    /// <summary>How many processes there are.</summary>
    public int Processes { get; init; } = 1;

    public required IReadOnlyList<Source> Sources { get; init; }

    public required IReadOnlyList<JobScript> Jobs { get; init; }

    public FaultRates Rates { get; init; } = new();

    /// <summary>Faults that are written down; null for ones by chance.</summary>
    public IReadOnlyList<(Call Call, int Nth, Fault Fault)>? Script { get; init; }

    /// <summary>How long calls and their answers are under way where faults are written down.</summary>
    public IReadOnlyDictionary<Call, TimeSpan> Delays { get; init; } = new Dictionary<Call, TimeSpan>();

    /// <summary>How wrong clocks are at most, in either direction, until everything comes right.</summary>
    public TimeSpan ClockError { get; init; }

    /// <summary>The longest sleep of the embedded host's loops, and the period of the cloud host's timers.</summary>
    public TimeSpan LongestSleep { get; init; } = TimeSpan.FromMinutes(1);

    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromMinutes(5);

    public Source Source(string name) => Sources.First(source => source.Name == name);

    public static Source NewSource(ProviderKind kind, PollSettings poll, TrustRule trust = TrustRule.Signature) => new()
    {
#pragma warning disable CA1308 // Names are lower case here.
        Name = kind.ToString().ToLowerInvariant(),
#pragma warning restore CA1308
        Provider = ProviderKinds.For(kind),
        StatusEndpoint = new("http://status.example.com"),
        WorkflowEndpoint = kind == ProviderKind.Qiniu ? new("http://workflows.example.com") : null,
        Tokens = new([Token]),
        Keys = kind == ProviderKind.Qiniu
            ? new([new(QiniuKey.AccessKey, QiniuKey.SecretKey)])
            : new([new(WangsuKey.AccessKey, WangsuKey.SecretKey)]),
        Trust = trust,
        Poll = poll,
    };
}
