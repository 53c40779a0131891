namespace FopWatch.Jobs;

/// <summary>
/// How much a store that cannot keep a job whole leaves out: each member leaves out what the ones before it do, and more.
/// State, outcome and <see cref="JobFacts.Counts"/> stay right.
/// </summary>
/// <remarks>
/// What is left out depends on the level alone and is left out of everything that is merged later, so that facts that were cut
/// are still merged by a join: the report whose facts were cut changes nothing when it comes again.
/// </remarks>
public enum FactsCut
{
    /// <summary>Nothing is left out.</summary>
    None,

    /// <summary>The raw body.</summary>
    Raw,

    /// <summary>Of every result, what exceeds 64 KiB (<see cref="JsonCut"/>).</summary>
    Results,

    /// <summary>Of every result, what exceeds 8 KiB.</summary>
    SmallResults,

    /// <summary>Of every item, the outputs beyond the first <see cref="JobFacts.OutputsKept"/>.</summary>
    Outputs,

    /// <summary>
    /// Of every item its outputs, its description, its error beyond <see cref="ItemFacts.ErrorKept"/> characters, and what exceeds 1 KiB of its
    /// result.
    /// </summary>
    Details,

    /// <summary>The items beyond the first <see cref="JobFacts.ItemsKept"/>.</summary>
    Items,

    /// <summary>All items, and all texts about the job as a whole.</summary>
    Texts,
}
