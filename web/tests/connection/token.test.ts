// @vitest-environment jsdom
import { beforeEach, expect, test } from 'vitest'
import { meant, openedByAdministrator, takeToken } from '@/connection/token'

const open = (address: string): void => window.history.replaceState(null, '', address)

beforeEach(() => sessionStorage.clear())

test('a tab remembers whose link it was opened with, and not the token', () => {
  open('/?token=secret&lab=lab-7')
  expect(takeToken()).toBe('secret')
  expect(window.location.href).not.toContain('secret')
  open('/?lab=lab-8')
  expect(takeToken()).toBeUndefined()
  expect(meant()).toEqual({ link: 'lab-7', lab: 'lab-8' })
})

test('the link of the administrator is no lab’s', () => {
  open('/?token=one&lab=lab-7')
  takeToken()
  open('/?token=two')
  takeToken()
  expect(meant()).toEqual({})
})

test('a link of the administrator that names a lab is no lab’s either', () => {
  open('/?token=one&lab=lab-7')
  takeToken()
  openedByAdministrator()
  expect(meant()).toEqual({ lab: 'lab-7' })
})
