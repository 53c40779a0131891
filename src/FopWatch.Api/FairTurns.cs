namespace FopWatch.Api;

/// <summary>
/// Turns that come with some of a limited room. Owners that wait get them in rotation, so none waits for more than one turn of each other owner.
/// An owner gets its own in the order in which it asked.
/// </summary>
internal sealed class FairTurns
{
    private readonly int _room;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedList<Waiting>> _byOwner = new(StringComparer.Ordinal);
    private readonly Queue<string> _rotation = new();
    private int _turnsLeft;
    private int _roomLeft;

    /// <param name="turns">How many there are at once.</param>
    /// <param name="room">How much room they share.</param>
    public FairTurns(int turns, int room) => (_turnsLeft, _roomLeft, _room) = (turns, room, room);

    /// <summary>Waits for a turn.</summary>
    /// <param name="owner">On whose behalf.</param>
    /// <param name="size">How much room it takes. One that takes more than there is gets all of it.</param>
    /// <param name="mostWaiting">How many of the owner may wait.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The turn; null if too many of the owner wait already.</returns>
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
                // Whoever is next waits for its room, so that no small body ever overtakes a large one for good.
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

    /// <summary>A turn, and the room that came with it.</summary>
    internal sealed class Turn(FairTurns all, int size) : IDisposable
    {
        private int _turns = 1;
        private int _room = size;

        /// <summary>Ends the turn and keeps the room.</summary>
        public void End() => all.Return(Interlocked.Exchange(ref _turns, 0), 0);

        /// <summary>Gives the room back too.</summary>
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
