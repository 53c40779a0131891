namespace FopWatch.Simulator;

/// <summary>What <see cref="JobPlan.Generate"/> makes. The defaults suit time compressed to a minute a second.</summary>
public sealed record PlanOptions
{
    /// <summary>The longest a job waits before its processing starts; at least 0.</summary>
    public TimeSpan MaxWaiting { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The shortest processing.</summary>
    public TimeSpan MinProcessing { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>The longest processing. Most are much shorter: lengths are spread evenly over orders of magnitude.</summary>
    public TimeSpan MaxProcessing { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>The least that a late notification is late. Choose it longer than the wait between two polls.</summary>
    public TimeSpan MinLate { get; init; } = TimeSpan.FromMinutes(12);

    /// <summary>The most that a late notification is late.</summary>
    public TimeSpan MaxLate { get; init; } = TimeSpan.FromMinutes(18);

    /// <summary>How long after the submission an id may still seem unknown.</summary>
    public TimeSpan NotFoundWindow { get; init; } = TimeSpan.FromMinutes(9);

    /// <summary>The share of jobs, beyond those that each show one peculiarity, in which something goes wrong; 0 to 1.</summary>
    public double FaultShare { get; init; } = 0.35;

    /// <summary>The shapes to use; at least one.</summary>
    public IReadOnlyList<BodyShape> Shapes { get; init; } = Enum.GetValues<BodyShape>();

    /// <summary>
    /// Whether the observer has keys and believes strong signatures only. If not, jobs are unsigned, and there are neither forged
    /// notifications (it could not tell) nor status APIs that are down for good (nothing could settle their jobs).
    /// </summary>
    public bool UseSignatures { get; init; } = true;

    /// <summary>Whether there are jobs that only a deadline can settle.</summary>
    public bool Unobtainable { get; init; } = true;

    /// <summary>These options with every time span multiplied.</summary>
    /// <param name="factor">More than 0; 0.001 turns seconds into milliseconds.</param>
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
