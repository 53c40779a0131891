namespace FopWatch.Providers;

/// <summary>Bounds the memory that large bodies take from when they are decoded until they are recorded: many times their length.</summary>
public interface IDecodeTurns
{
    /// <summary>Waits until a body may be decoded.</summary>
    /// <param name="source">The name of the source that it is about.</param>
    /// <param name="bytes">Its length.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The turn; null for a body that is small enough to need none.</returns>
    ValueTask<IDecodeTurn?> WaitAsync(string source, int bytes, CancellationToken cancellationToken);
}

/// <summary>A body's turn. Dispose of it when nothing that was decoded is held any more.</summary>
public interface IDecodeTurn : IDisposable
{
    /// <summary>Leaves the processor to the next body.</summary>
    void Decoded();
}
