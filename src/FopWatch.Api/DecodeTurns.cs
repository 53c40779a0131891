using FopWatch.Intake;
using FopWatch.Providers;

namespace FopWatch.Api;

/// <summary>
/// Lets large bodies be decoded one after the other: that takes the processor for so long that short requests are not to queue behind it, and
/// decoded, a body takes many times its length in memory. Notifications of a source, its status answers and registrations get turns in rotation.
/// </summary>
public sealed class DecodeTurns : IDecodeTurns
{
    /// <summary>A body that is larger than this, in bytes, waits for its turn, and there are as many turns as processors.</summary>
    public const int LargeBody = 16 * 1024;

    /// <summary>The most bytes of large bodies that are decoded and not recorded yet. A larger body is decoded when no other is.</summary>
    public const int DecodedBytes = 4 * 1024 * 1024;

    /// <summary>The most large notifications of one source that wait for a turn, and the most large registrations.</summary>
    public const int Waiting = 256;

    private readonly FairTurns _turns = new(Environment.ProcessorCount, DecodedBytes);

    /// <summary>Waits until a request's body may be decoded.</summary>
    /// <param name="owner">The source whose notification it is, or <see cref="BodyMemory.Callers"/>.</param>
    /// <param name="bytes">The length of the body, in bytes.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The turn; null for a body that is small enough to need none.</returns>
    /// <exception cref="IntakeFullException">Too many of the owner wait already.</exception>
    internal async ValueTask<IDecodeTurn?> EnterAsync(string owner, int bytes, CancellationToken cancellationToken) =>
        bytes <= LargeBody ? null
        : await _turns.TakeAsync("requests of " + owner, bytes, Waiting, cancellationToken) is { } turn ? new DecodeTurn(turn)
        : throw new IntakeFullException("A request was turned away: too many large bodies wait to be decoded.");

    /// <inheritdoc/>
    /// <remarks>Any number may wait: few are polled at once.</remarks>
    public async ValueTask<IDecodeTurn?> WaitAsync(string source, int bytes, CancellationToken cancellationToken) =>
        bytes <= LargeBody ? null : new DecodeTurn((await _turns.TakeAsync("polls of " + source, bytes, int.MaxValue, cancellationToken))!);

    private sealed class DecodeTurn(FairTurns.Turn turn) : IDecodeTurn
    {
        public void Decoded() => turn.End();

        public void Dispose() => turn.Dispose();
    }
}
