namespace FopWatch.Diagnosis;

/// <summary>A check of the doctor. Both hosts run the checks of the core, and each adds its own.</summary>
public interface IDoctorCheck
{
    /// <summary>The steps of the check: one for each operation that may take long.</summary>
    IEnumerable<DoctorStep> Steps { get; }
}

/// <summary>One step of an examination. Steps run concurrently.</summary>
/// <param name="Check">The check.</param>
/// <param name="Source">The source; null for the whole installation.</param>
/// <param name="RunAsync">
/// Runs the step. An exception becomes a finding. The step may keep running after it was cancelled: then nobody waits for it, and its findings are dropped.
/// </param>
public sealed record DoctorStep(DoctorCheck Check, string? Source, Func<CancellationToken, Task<IReadOnlyList<DoctorFinding>>> RunAsync)
{
    /// <summary>The finding if the step exceeds its time; null for a general one.</summary>
    public Func<TimeSpan, DoctorFinding>? TooSlow { get; init; }
}
