namespace FopWatch.Simulator;

/// <summary>Options of <see cref="JobPlan.Generate"/>. The defaults suit a clock that runs one minute per second.</summary>
public sealed record PlanOptions
{
    /// <summary>The longest time before processing starts; at least 0.</summary>
    public TimeSpan MaxWaiting { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The shortest processing time.</summary>
    public TimeSpan MinProcessing { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>The longest processing time. Most are much shorter: times are distributed log-uniformly.</summary>
    public TimeSpan MaxProcessing { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>The least delay of a late notification. It should exceed the wait between two polls.</summary>
    public TimeSpan MinLate { get; init; } = TimeSpan.FromMinutes(12);

    /// <summary>The greatest delay of a late notification.</summary>
    public TimeSpan MaxLate { get; init; } = TimeSpan.FromMinutes(18);

    /// <summary>How long after the submission an id can still appear unknown.</summary>
    public TimeSpan NotFoundWindow { get; init; } = TimeSpan.FromMinutes(9);

    /// <summary>The share of jobs with faults, besides those that each show one case; 0 to 1.</summary>
    public double FaultShare { get; init; } = 0.35;

    /// <summary>The shapes to use; at least one.</summary>
    public IReadOnlyList<BodyShape> Shapes { get; init; } = Enum.GetValues<BodyShape>();

    /// <summary>
    /// Whether the observer has keys and trusts only strong signatures. If not, jobs are unsigned. There are then no forged notifications
    /// (it could not detect them) and no status APIs that are permanently down (nothing could settle their jobs).
    /// </summary>
    public bool UseSignatures { get; init; } = true;

    /// <summary>Whether there are jobs that only a deadline can settle.</summary>
    public bool Unobtainable { get; init; } = true;

    /// <summary>These options with every time span multiplied.</summary>
    /// <param name="factor">Greater than 0; 0.001 turns seconds into milliseconds.</param>
    public PlanOptions ScaledBy(double factor) => this with
    {
        MaxWaiting = MaxWaiting * factor,
        MinProcessing = MinProcessing * factor,
        MaxProcessing = MaxProcessing * factor,
        MinLate = MinLate * factor,
        MaxLate = MaxLate * factor,
        NotFoundWindow = NotFoundWindow * factor,
    };
}
