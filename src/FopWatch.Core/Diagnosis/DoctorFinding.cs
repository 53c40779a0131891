using FopWatch.Wording;

namespace FopWatch.Diagnosis;

/// <summary>What the doctor examines. Later versions may add values.</summary>
public enum DoctorCheck
{
    /// <summary>Settings that are valid but probably wrong.</summary>
    Settings,

    /// <summary>The status API of a source, which is asked about an id that does not exist.</summary>
    StatusApi,

    /// <summary>The notify URL of a source, which is sent a signed notification through <c>FopWatch:PublicUrl</c>.</summary>
    NotifyUrl,

    /// <summary>The findings about the traffic of the last 24 hours, as in <c>GET /api/overview</c>, and the current troubles.</summary>
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

    /// <summary>The webhooks of the embedded host, and the way to their receivers.</summary>
    Webhooks,
}

/// <summary>The level of a finding.</summary>
public enum DoctorLevel
{
    /// <summary>Everything is in order.</summary>
    Pass,

    /// <summary>Something costs more than necessary, or is worth knowing.</summary>
    Info,

    /// <summary>Something is probably wrong, but outcomes are still found.</summary>
    Warning,

    /// <summary>Something does not work: outcomes are late or may be lost.</summary>
    Trouble,

    /// <summary>The check could not run.</summary>
    Skipped,
}

/// <summary>One finding of an examination. It holds no id, token, secret key or body.</summary>
public sealed record DoctorFinding
{
    /// <summary>The check.</summary>
    public required DoctorCheck Check { get; init; }

    /// <summary>The source; null if the finding concerns the whole installation.</summary>
    public string? Source { get; init; }

    /// <summary>The level.</summary>
    public required DoctorLevel Level { get; init; }

    /// <summary>What was found, in the language of the request.</summary>
    public required Sentence What { get; init; }

    /// <summary>Why it matters; null if that is obvious.</summary>
    public Sentence? Why { get; init; }

    /// <summary>What to do about it; null if there is nothing to do.</summary>
    public Sentence? Fix { get; init; }
}

/// <summary>The result of an examination.</summary>
/// <param name="At">When the examination began.</param>
/// <param name="Findings">The findings, in the order of the checks.</param>
public sealed record DoctorReport(DateTimeOffset At, IReadOnlyList<DoctorFinding> Findings);
