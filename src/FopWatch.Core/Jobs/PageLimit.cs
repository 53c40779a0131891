namespace FopWatch.Jobs;

/// <summary>How much a store reads at once of what has bodies.</summary>
public static class PageLimit
{
    /// <summary>
    /// Bytes of stored bodies, uncompressed, with which a page is full: it ends with the element that reaches them, however many were
    /// asked for. So it always has one element, and never more than this and one body. A job of thousands of commands takes several
    /// times its body in memory, and a page may be asked for by many at once.
    /// </summary>
    public const int Bytes = 8 * 1024 * 1024;
}
