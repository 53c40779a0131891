using System.Globalization;
using FopWatch.Diagnosis;
using FopWatch.Functions.Watching;

namespace FopWatch.Functions.Examining;

/// <summary>Examines whether the task hub answers: asks for a watch that does not exist, which reads its tables. It begins no watch.</summary>
/// <param name="client">The client of this invocation.</param>
internal sealed class TaskHubCheck(InvocationClient client) : IDoctorCheck
{
    private const string NoWatch = "fopwatch-doctor:no-watch";

    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.TaskHub, null, ExamineAsync) { TooSlow = _ => Trouble("The task hub does not answer.") }];

    private async Task<IReadOnlyList<DoctorFinding>> ExamineAsync(CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            await client.Client.GetInstanceAsync(NoWatch, getInputsAndOutputs: false, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // What it throws depends on the Functions host, and may name the storage account.
            return [Trouble($"The task hub cannot be asked ({e.GetType().Name}).")];
        }

        var took = TimeProvider.System.GetElapsedTime(began);
        return
        [
            took < Slow
                ? Finding(DoctorLevel.Pass, string.Create(CultureInfo.InvariantCulture, $"The task hub answers, in {took.TotalMilliseconds:0} ms."), null, null)
                : Finding(
                    DoctorLevel.Warning, string.Create(CultureInfo.InvariantCulture, $"The task hub took {took.TotalSeconds:0.0} s to answer."), "Watches begin later, and polls are late.",
                    "Check whether the storage account of AzureWebJobsStorage throttles requests, and is in the region of the app."),
        ];
    }

    private static DoctorFinding Trouble(string what) => Finding(
        DoctorLevel.Trouble, what, "Watches do not begin or go on, so jobs whose notification is lost are found late.",
        "Check AzureWebJobsStorage: the identity of the app needs Storage Blob Data Owner, Storage Queue Data Contributor and Storage Table Data Contributor on that account. Then restart the app.");

    private static DoctorFinding Finding(DoctorLevel level, string what, string? why, string? fix) =>
        new() { Check = DoctorCheck.TaskHub, Level = level, What = what, Why = why, Fix = fix };
}
