namespace FopWatch.Api;

/// <summary>
/// Turns with a share of a limited room. Waiting owners get turns in rotation, so an owner waits for at most one turn of each other owner. Each owner
/// gets its turns in the order of its requests.
/// </summary>
internal sealed class FairTurns
{
    private readonly int _room;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedList<Waiting>> _byOwner = new(StringComparer.Ordinal);
    private readonly Queue<string> _rotation = new();
    private int _turnsLeft;
    private int _roomLeft;

    /// <param name="turns">The number of concurrent turns.</param>
    /// <param name="room">The room that they share.</param>
    public FairTurns(int turns, int room) => (_turnsLeft, _roomLeft, _room) = (turns, room, room);

    /// <summary>Waits for a turn.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="size">The room that it needs. A size above the total gets all of the room.</param>
    /// <param name="mostWaiting">The maximum of waiting requests of the owner.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The turn; null if too many of the owner wait.</returns>
    public async ValueTask<Turn?> TakeAsync(string owner, int size, int mostWaiting, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiting = new Waiting(owner, Math.Min(size, _room));
        lock (_lock)
        {
            if (!TryEnqueue(waiting, mostWaiting))
                return null;
            GiveTurns();
        }

        await using var giveUp = cancellationToken.UnsafeRegister(_ => GiveUp(waiting, cancellationToken), null);
        await waiting.Given.Task;
        return new(this, waiting.Size);
    }

    private bool TryEnqueue(Waiting waiting, int mostWaiting)
    {
        if (!_byOwner.TryGetValue(waiting.Owner, out var queue))
        {
            _byOwner[waiting.Owner] = queue = [];
            _rotation.Enqueue(waiting.Owner);
        }

        if (queue.Count >= mostWaiting)
            return false;
        waiting.Node = queue.AddLast(waiting);
        return true;
    }

    private void GiveUp(Waiting waiting, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (waiting.Node is not { List: { } queue } node)
                return;
            queue.Remove(node);
            GiveTurns();
        }

        waiting.Given.TrySetCanceled(cancellationToken);
    }

    private void GiveTurns()
    {
        while (_rotation.TryPeek(out var owner))
        {
            var queue = _byOwner[owner];
            if (queue.First is { Value: var next })
            {
                // The next owner waits for its room, so that small bodies do not overtake a large one for ever.
                if (_turnsLeft == 0 || next.Size > _roomLeft)
                    return;
                _turnsLeft--;
                _roomLeft -= next.Size;
                queue.RemoveFirst();
                next.Given.SetResult();
            }

            _rotation.Dequeue();
            if (queue.Count > 0)
                _rotation.Enqueue(owner);
            else
                _byOwner.Remove(owner);
        }
    }

    private void Return(int turnsReturned, int roomReturned)
    {
        lock (_lock)
        {
            _turnsLeft += turnsReturned;
            _roomLeft += roomReturned;
            GiveTurns();
        }
    }

    /// <summary>A turn with its room.</summary>
    internal sealed class Turn(FairTurns all, int size) : IDisposable
    {
        private int _turns = 1;
        private int _room = size;

        /// <summary>Ends the turn and keeps the room.</summary>
        public void End() => all.Return(Interlocked.Exchange(ref _turns, 0), 0);

        /// <summary>Ends the turn and returns the room.</summary>
        public void Dispose() => all.Return(Interlocked.Exchange(ref _turns, 0), Interlocked.Exchange(ref _room, 0));
    }

    private sealed class Waiting(string owner, int size)
    {
        public string Owner => owner;

        public int Size => size;

        public LinkedListNode<Waiting>? Node { get; set; }

        public TaskCompletionSource Given { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
