namespace FopWatch.Diagnosis;

/// <summary>What an examination looks at. Later versions may add words.</summary>
public enum DoctorCheck
{
    /// <summary>The settings that are valid and yet doubtful.</summary>
    Settings,

    /// <summary>The status API of a source, which is asked about an id that does not exist.</summary>
    StatusApi,

    /// <summary>The notify URL of a source, which is sent a signed notification through <c>FopWatch:PublicUrl</c>.</summary>
    NotifyUrl,

    /// <summary>What the traffic of the last 24 hours says, as <c>GET /api/overview</c> does, and what goes wrong now.</summary>
    Traffic,

    /// <summary>The clock of the host.</summary>
    Clock,

    /// <summary>The data folder of the embedded host, and its disk.</summary>
    DataFolder,

    /// <summary>The database of the embedded host.</summary>
    Database,

    /// <summary>How many files the embedded host may open.</summary>
    OpenFiles,

    /// <summary>The table of the cloud host.</summary>
    Tables,

    /// <summary>The Service Bus topic of the cloud host.</summary>
    ServiceBus,

    /// <summary>The task hub of the cloud host.</summary>
    TaskHub,
}

/// <summary>How an examination found something.</summary>
public enum DoctorLevel
{
    /// <summary>It is as it should be.</summary>
    Pass,

    /// <summary>It costs more than it has to, or is worth knowing.</summary>
    Info,

    /// <summary>It is likely to be wrong, and outcomes are found nevertheless.</summary>
    Warning,

    /// <summary>It does not work: outcomes are late, or would be lost.</summary>
    Trouble,

    /// <summary>It could not be examined.</summary>
    Skipped,
}

/// <summary>One thing that an examination found. It holds no id, token, secret key or body.</summary>
public sealed record DoctorFinding
{
    /// <summary>What was examined.</summary>
    public required DoctorCheck Check { get; init; }

    /// <summary>The source that it is about; null if it concerns the whole installation.</summary>
    public string? Source { get; init; }

    /// <summary>How it is.</summary>
    public required DoctorLevel Level { get; init; }

    /// <summary>What was found, in English.</summary>
    public required string What { get; init; }

    /// <summary>Why it matters; null if it says so itself.</summary>
    public string? Why { get; init; }

    /// <summary>What to do about it; null if there is nothing to do.</summary>
    public string? Fix { get; init; }
}

/// <summary>What an examination found.</summary>
/// <param name="At">When it began.</param>
/// <param name="Findings">What it found, in the order of the checks.</param>
public sealed record DoctorReport(DateTimeOffset At, IReadOnlyList<DoctorFinding> Findings);
