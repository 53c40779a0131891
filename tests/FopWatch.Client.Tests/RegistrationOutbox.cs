using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Client.Tests;

/// <summary>Registers the jobs of an application's own table, as the README of the package shows it.</summary>
public sealed class RegistrationOutbox(IFopWatchClient fopWatch, string database) : BackgroundService
{
    /// <summary>Adds a job in the transaction that stores its purpose.</summary>
    public static void Add(SqliteTransaction transaction, string source, string id, string lesson)
    {
        using var insert = transaction.Connection!.CreateCommand();
        insert.Transaction = transaction;
        insert.CommandText = "INSERT INTO outbox (source, id, lesson) VALUES (@source, @id, @lesson) ON CONFLICT DO NOTHING";
        insert.Parameters.AddWithValue("@source", source);
        insert.Parameters.AddWithValue("@id", id);
        insert.Parameters.AddWithValue("@lesson", lesson);
        insert.ExecuteNonQuery();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                if (await RegisterSomeAsync(stoppingToken))
                    continue;
            }
            catch (FopWatchException e)
            {
                // The rows stay, and are registered once the host can be reached and the key is valid.
                Console.Error.WriteLine(e.Message);
            }

            await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
        }
    }

    private async Task<bool> RegisterSomeAsync(CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(database);
        await connection.OpenAsync(cancellationToken);
        var jobs = new List<JobRegistration>();
        await using (var select = connection.CreateCommand())
        {
            select.CommandText = "SELECT source, id, lesson FROM outbox WHERE error IS NULL ORDER BY rowid LIMIT 500";
            await using var row = await select.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                jobs.Add(new() { Source = row.GetString(0), Id = row.GetString(1), Metadata = new Dictionary<string, string> { ["lesson"] = row.GetString(2) } });
        }

        if (jobs.Count == 0)
            return false;

        // Registering a job twice is safe: a crash after this line loses nothing.
        var results = await fopWatch.RegisterManyAsync(jobs, cancellationToken);
        foreach (var result in results)
        {
            await using var change = connection.CreateCommand();
            change.CommandText = result.IsRegistered
                ? "DELETE FROM outbox WHERE source = @source AND id = @id"
                : "UPDATE outbox SET error = @error WHERE source = @source AND id = @id";
            change.Parameters.AddWithValue("@source", result.Registration.Source);
            change.Parameters.AddWithValue("@id", result.Registration.Id);
            if (!result.IsRegistered)
                change.Parameters.AddWithValue("@error", string.Join(' ', result.Errors.Select(error => error.Detail)));
            await change.ExecuteNonQueryAsync(cancellationToken);
        }

        return true;
    }
}
