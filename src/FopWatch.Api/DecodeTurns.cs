using FopWatch.Intake;
using FopWatch.Providers;

namespace FopWatch.Api;

/// <summary>
/// Limits how many large bodies are decoded concurrently. Decoding one takes the processor so long that short requests would queue behind it, and
/// a decoded body takes many times its length in memory. Notifications of a source, its status answers and registrations get turns in rotation.
/// </summary>
public sealed class DecodeTurns : IDecodeTurns
{
    /// <summary>A larger body, in bytes, waits for a turn. There are as many turns as processors.</summary>
    public const int LargeBody = 16 * 1024;

    /// <summary>The maximum of bytes of large bodies that are decoded but not recorded. A larger body is decoded alone.</summary>
    public const int DecodedBytes = 4 * 1024 * 1024;

    /// <summary>The maximum of waiting large notifications per source, and of waiting large registrations.</summary>
    public const int Waiting = 256;

    private readonly FairTurns _turns = new(Environment.ProcessorCount, DecodedBytes);

    /// <summary>Waits for the turn to decode a request's body.</summary>
    /// <param name="owner">The source of the notification, or <see cref="BodyMemory.Callers"/>.</param>
    /// <param name="bytes">The length of the body, in bytes.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The turn; null if the body is small enough to need none.</returns>
    /// <exception cref="IntakeFullException">Too many bodies of the owner wait.</exception>
    internal async ValueTask<IDecodeTurn?> EnterAsync(string owner, int bytes, CancellationToken cancellationToken) =>
        bytes <= LargeBody ? null
        : await _turns.TakeAsync("requests of " + owner, bytes, Waiting, cancellationToken) is { } turn ? new DecodeTurn(turn)
        : throw new IntakeFullException("A request was turned away: too many large bodies wait to be decoded.");

    /// <inheritdoc/>
    /// <remarks>The number of waiting answers is not limited, because few jobs are polled concurrently.</remarks>
    public async ValueTask<IDecodeTurn?> WaitAsync(string source, int bytes, CancellationToken cancellationToken) =>
        bytes <= LargeBody ? null : new DecodeTurn((await _turns.TakeAsync("polls of " + source, bytes, int.MaxValue, cancellationToken))!);

    private sealed class DecodeTurn(FairTurns.Turn turn) : IDecodeTurn
    {
        public void Decoded() => turn.End();

        public void Dispose() => turn.Dispose();
    }
}
