namespace FopWatch.Jobs;

/// <summary>Limits how many bytes of bodies a store reads at once.</summary>
public static class PageLimit
{
    /// <summary>
    /// The size of a full page, in bytes of uncompressed stored bodies. A page ends with the element that reaches this size, even if more elements were
    /// requested. So a page always has an element, and never exceeds this size by more than one body. A job of thousands of commands takes several times
    /// its body in memory, and many requests may read pages at once.
    /// </summary>
    public const int Bytes = 8 * 1024 * 1024;
}
