namespace FopWatch.Diagnosis;

/// <summary>A check of the doctor's. Both hosts have those of the core, and each adds its own.</summary>
public interface IDoctorCheck
{
    /// <summary>What it does, one step for each thing that may take its time.</summary>
    IEnumerable<DoctorStep> Steps { get; }
}

/// <summary>One step of an examination. Steps run beside each other.</summary>
/// <param name="Check">What it examines.</param>
/// <param name="Source">The source that it is about; null for the whole installation.</param>
/// <param name="RunAsync">
/// Examines. What it throws becomes a finding. It may go on after it was cancelled: nobody waits for it then, and what it finds is dropped.
/// </param>
public sealed record DoctorStep(DoctorCheck Check, string? Source, Func<CancellationToken, Task<IReadOnlyList<DoctorFinding>>> RunAsync)
{
    /// <summary>What to say where it does not come to an end in time; null for the words that fit all.</summary>
    public Func<TimeSpan, DoctorFinding>? TooSlow { get; init; }
}
