namespace FopWatch.Sqlite;

/// <summary>The open transaction on the writer's connection. A rollback also drops its actions.</summary>
internal sealed class WriteTransaction
{
    private readonly HashSet<Action<SqliteSession>> _beforeCommit = [];
    private readonly HashSet<Action> _afterCommit = [];
    private Action<SqliteSession>? _atLast;

    /// <summary>Runs an action at the end of the transaction. An action that is added twice runs once.</summary>
    public void BeforeCommit(Action<SqliteSession> action) => _beforeCommit.Add(action);

    /// <summary>Runs an action after those of <see cref="BeforeCommit"/>.</summary>
    public void AtLast(Action<SqliteSession> action) => _atLast = action;

    /// <summary>Runs an action after the commit, before any caller is answered. An action that is added twice runs once.</summary>
    /// <param name="action">The action. It must return at once and must not throw.</param>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    public void Commit(SqliteSession session)
    {
        foreach (var action in _beforeCommit)
            action(session);
        _atLast?.Invoke(session);
        session.Execute("COMMIT");
        foreach (var action in _afterCommit)
            action();
    }
}
