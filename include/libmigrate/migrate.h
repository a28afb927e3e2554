/* The umbrella header: the only one a program includes. */
#pragma once

#define MIGRATE_INSIDE

#include <libmigrate/migrate-version.h>
#include <libmigrate/migrate-types.h>
#include <libmigrate/migrate-enum-types.h>
#include <libmigrate/migrate-error.h>
#include <libmigrate/migrate-baseline.h>
#include <libmigrate/migrate-command-fence.h>
#include <libmigrate/migrate-decision.h>
#include <libmigrate/migrate-directory-image-source.h>
#include <libmigrate/migrate-events.h>
#include <libmigrate/migrate-evidence.h>
#include <libmigrate/migrate-facts.h>
#include <libmigrate/migrate-failure.h>
#include <libmigrate/migrate-fence.h>
#include <libmigrate/migrate-finding.h>
#include <libmigrate/migrate-forecast.h>
#include <libmigrate/migrate-hooks.h>
#include <libmigrate/migrate-host.h>
#include <libmigrate/migrate-image-source.h>
#include <libmigrate/migrate-inventory.h>
#include <libmigrate/migrate-job.h>
#include <libmigrate/migrate-job-record.h>
#include <libmigrate/migrate-journal.h>
#include <libmigrate/migrate-libvirt-volume-connector.h>
#include <libmigrate/migrate-mapping.h>
#include <libmigrate/migrate-plan.h>
#include <libmigrate/migrate-policy.h>
#include <libmigrate/migrate-progress.h>
#include <libmigrate/migrate-recovery.h>
#include <libmigrate/migrate-report.h>
#include <libmigrate/migrate-request.h>
#include <libmigrate/migrate-result.h>
#include <libmigrate/migrate-sqlite-journal.h>
#include <libmigrate/migrate-step.h>
#include <libmigrate/migrate-survey.h>
#include <libmigrate/migrate-survey-entry.h>
#include <libmigrate/migrate-volume-connector.h>

#undef MIGRATE_INSIDE
