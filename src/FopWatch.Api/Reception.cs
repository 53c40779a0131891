using FopWatch.Intake;
using FopWatch.Settings;

namespace FopWatch.Api;

/// <summary>What takes notifications in.</summary>
/// <param name="Intake">Verifies and records them.</param>
/// <param name="Bodies">Reads their bodies.</param>
/// <param name="Admission">Has the places for them.</param>
/// <param name="Turns">Lets large bodies be decoded in turn.</param>
/// <param name="Settings">The settings.</param>
public sealed record Reception(NotificationIntake Intake, BodyMemory Bodies, Admission Admission, DecodeTurns Turns, FopWatchSettings Settings);
