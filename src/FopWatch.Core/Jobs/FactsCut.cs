namespace FopWatch.Jobs;

/// <summary>
/// How much is left out of a job that is too large for a store. Each level includes the levels before it. State, outcome and
/// <see cref="JobFacts.Counts"/> stay right.
/// </summary>
/// <remarks>
/// The level alone determines what is left out, also of all facts merged later. So merging cut facts is still a join: a repetition of the report
/// that was cut changes nothing.
/// </remarks>
public enum FactsCut
{
    /// <summary>Nothing is left out.</summary>
    None,

    /// <summary>The raw body.</summary>
    Raw,

    /// <summary>The part of each result beyond 64 KiB (<see cref="JsonCut"/>).</summary>
    Results,

    /// <summary>The part of each result beyond 8 KiB.</summary>
    SmallResults,

    /// <summary>The outputs of each item beyond the first <see cref="JobFacts.OutputsKept"/>.</summary>
    Outputs,

    /// <summary>
    /// The outputs and the description of each item, its error beyond <see cref="ItemFacts.ErrorKept"/> characters, and its result beyond 1 KiB.
    /// </summary>
    Details,

    /// <summary>The items beyond the first <see cref="JobFacts.ItemsKept"/>.</summary>
    Items,

    /// <summary>All items, and all texts about the job as a whole.</summary>
    Texts,
}
