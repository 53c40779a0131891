using FopWatch.Contracts;

namespace FopWatch.Providers;

/// <summary>Decides which commands have outputs.</summary>
internal static class ItemOutputs
{
    /// <summary>
    /// Whether a command in this state may have outputs. If it failed or has not ended, a key only names the intended output.
    /// </summary>
    public static bool MayHave(ItemState state) => state is ItemState.Succeeded or ItemState.Unknown;
}
