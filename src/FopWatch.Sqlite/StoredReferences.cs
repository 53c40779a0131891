using FopWatch.Jobs;

namespace FopWatch.Sqlite;

/// <summary>The key of the job references in the file, and the references of jobs that were stored before the file had a key.</summary>
internal static class StoredReferences
{
    private const string KeyName = "referenceKey";

    /// <summary>Reads the key, or creates it in a file without one. Fills in missing references in one transaction.</summary>
    /// <param name="session">A writable connection to an up-to-date database.</param>
    /// <exception cref="StoreOpenException">The key in the file is damaged.</exception>
    public static JobReferences Load(SqliteSession session)
    {
        session.Execute("BEGIN IMMEDIATE");
        try
        {
            session.Execute("INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", KeyName, JobReferences.NewKey());
            if (session.Scalar("SELECT value FROM installation WHERE name = $1", KeyName) is not byte[] { Length: JobReferences.KeyLength } key)
                throw new StoreOpenException("The database is damaged: its reference key has the wrong length.");

            var references = new JobReferences(key);
            Fill(session, references);
            session.Execute("COMMIT");
            return references;
        }
        finally
        {
            session.Rollback();
        }
    }

    private static void Fill(SqliteSession session, JobReferences references)
    {
        var missing = new List<(long Seq, JobKey Key)>();
        using (var rows = session.Command("SELECT jobs.seq, source, id FROM unreferenced_jobs JOIN jobs ON jobs.seq = unreferenced_jobs.seq").ExecuteReader())
        {
            while (rows.Read())
                missing.Add((rows.GetInt64(0), new(rows.GetString(1), rows.GetString(2))));
        }

        foreach (var (seq, key) in missing)
        {
            var reference = references.Of(key);
            session.Execute("UPDATE jobs SET reference = $2 WHERE seq = $1", seq, reference);
            session.Execute(ReferenceIndex.InsertSql, Convert.FromHexString(reference), seq);
        }

        // Skipped for an empty table, because it would still write, and the disk may be full.
        if (missing.Count > 0)
            session.Execute("DELETE FROM unreferenced_jobs");
    }
}
