using FopWatch.Azure.Tables;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Wording;

namespace FopWatch.Functions.Examining;

/// <summary>Checks the table: writes, reads and deletes a row that nothing else uses.</summary>
/// <param name="store">The store.</param>
internal sealed class TablesCheck(Func<TableStore> store) : IDoctorCheck
{
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.Tables, null, ExamineAsync)];

    private static async Task<IReadOnlyList<DoctorFinding>> ProveAsync(TableStore table, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        await table.ProveAsync(cancellationToken);
        var took = TimeProvider.System.GetElapsedTime(began);
        return
        [
            took < Slow
                ? Finding(
                    DoctorLevel.Pass, $"A row of the table can be written, read and deleted. That took {took.TotalMilliseconds:0} ms.", null, null)
                : Finding(
                    DoctorLevel.Warning, $"It took {took.TotalSeconds:0.0} s to write, read and delete a row of the table.",
                    $"Each notification waits for the table.", $"Check that the storage account is in the region of the app, and whether it throttles requests (metrics of the account, ServerBusyError)."),
        ];
    }

    private async Task<IReadOnlyList<DoctorFinding>> ExamineAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ProveAsync(store(), cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            return [Finding(DoctorLevel.Trouble, Sentence.Verbatim(e.Message), $"Notifications and registrations are answered 503, and providers give up after minutes or hours.", FixOf(e.Message))];
        }
    }

    private static Sentence FixOf(string message) =>
        message.Contains(" 403", StringComparison.Ordinal) || message.Contains(" 401", StringComparison.Ordinal)
            ? (Sentence)$"Give the identity of the app the role Storage Table Data Contributor on the storage account, and check that the firewall of the account admits the app. A new role takes effect after some minutes."
            : message.Contains("no identity", StringComparison.Ordinal)
                ? (Sentence)$"Give the app a managed identity, and set AZURE_CLIENT_ID to its client id if it is a user-assigned one."
                : message.Contains(" 404", StringComparison.Ordinal)
                    ? (Sentence)$"The table was deleted. Restart the app, which creates it again, or restore it from a backup."
                    : (Sentence)$"Check FopWatch:Tables:ServiceUri or AzureWebJobsStorage, and the network rules of the storage account.";

    private static DoctorFinding Finding(DoctorLevel level, Sentence what, Sentence? why, Sentence? fix) =>
        new() { Check = DoctorCheck.Tables, Level = level, What = what, Why = why, Fix = fix };
}
