using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulator;
using FopWatch.Watching;
using StatusKind = FopWatch.Simulator.StatusAnswer;

namespace FopWatch.Simulation.Tests.World;

/// <summary>The host in which the core runs.</summary>
internal enum HostKind
{
    /// <summary>Loops in one process, as in the embedded host.</summary>
    Embedded,

    /// <summary>Functions called by timers and a durable orchestration, as in the cloud host.</summary>
    Cloud,
}

/// <summary>Whether an application registers a job.</summary>
internal enum Registering
{
    /// <summary>No: only its notifications name it.</summary>
    Never,

    /// <summary>It tries once, and ignores the result.</summary>
    Once,

    /// <summary>It tries until it succeeds.</summary>
    UntilAnswered,
}

/// <summary>How the status API answers about a job in the long run.</summary>
internal enum StatusTruth
{
    /// <summary>It tells the truth, apart from the job's windows.</summary>
    Told,

    /// <summary>It never knows the id.</summary>
    NeverKnown,

    /// <summary>It never answers.</summary>
    Down,
}

/// <summary>A forged notification.</summary>
internal enum Fake
{
    /// <summary>A lie with a signature by a known access key and a wrong secret.</summary>
    WrongSignature,

    /// <summary>A lie without a signature.</summary>
    NoSignature,

    /// <summary>A lie correctly signed with a stranger's key.</summary>
    UnknownKey,

    /// <summary>A lie under a genuine signature that does not cover the body.</summary>
    SwappedBody,

    /// <summary>A lie with a wrong token in the URL.</summary>
    WrongToken,

    /// <summary>An undecodable body.</summary>
    Undecodable,

    /// <summary>A lie about an id that nobody has.</summary>
    StrangeId,
}

/// <summary>An action of an operator or an application besides the registration, or the loss of a due row.</summary>
internal enum Intervention
{
    Poll,
    Republish,
    Stop,
    Register,
    LoseDueRow,
}

/// <summary>A job and all its external events. Times count from the submission unless noted otherwise.</summary>
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

    /// <summary>How late notifications are sent.</summary>
    public TimeSpan Late { get; init; }

    /// <summary>When copies of its notifications arrive, counted from the notification's time.</summary>
    public IReadOnlyList<TimeSpan> Replays { get; init; } = [];

    /// <summary>What others send, and when, from the start of the history.</summary>
    public IReadOnlyList<(Fake Fake, TimeSpan At)> Fakes { get; init; } = [];

    /// <summary>When the status API does not answer truthfully.</summary>
    public IReadOnlyList<(TimeSpan From, TimeSpan To, StatusKind Answer)> Status { get; init; } = [];

    public StatusTruth Truth { get; init; }

    /// <summary>When the status API forgets the id.</summary>
    public TimeSpan? ForgottenAfter { get; init; }

    /// <summary>What people do, and when, from the start of the history.</summary>
    public IReadOnlyList<(Intervention Intervention, TimeSpan At)> Interventions { get; init; } = [];

    public JobState Expected => Enum.Parse<JobState>(Job.Cancelled ? "Cancelled" : (Job with { Unobtainable = false }).ExpectedState, ignoreCase: true);
}

/// <summary>Everything that determines a history, except the order of its steps.</summary>
internal sealed record Scenario
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    public static readonly SigningKey QiniuKey = new("qiniu-ak", "qiniu-sk");
    public static readonly SigningKey WangsuKey = new("wangsu-ak", "wangsu-sk");

    public const string Token = "right-token-0";

    /// <summary>Also determines the order of the steps.</summary>
    public required int Seed { get; init; }

    public HostKind Host { get; init; }

    public int Processes { get; init; } = 1;

    public required IReadOnlyList<Source> Sources { get; init; }

    public required IReadOnlyList<JobScript> Jobs { get; init; }

    public FaultRates Rates { get; init; } = new();

    /// <summary>Scripted faults; null for random ones.</summary>
    public IReadOnlyList<(Call Call, int Nth, Fault Fault)>? Script { get; init; }

    /// <summary>The delays of calls and answers with scripted faults.</summary>
    public IReadOnlyDictionary<Call, TimeSpan> Delays { get; init; } = new Dictionary<Call, TimeSpan>();

    /// <summary>The largest clock error in either direction, until faults end.</summary>
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
