using FopWatch.Contracts;

namespace FopWatch.Providers;

/// <summary>Which commands have outputs.</summary>
internal static class ItemOutputs
{
    /// <summary>
    /// Whether a command in this state may have made files. Of one that failed or is not over, a key only says where a file would
    /// have been.
    /// </summary>
    public static bool MayHave(ItemState state) => state is ItemState.Succeeded or ItemState.Unknown;
}
